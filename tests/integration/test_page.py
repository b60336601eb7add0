"""The page for people on the admin listener, in a real browser: desktop and phone, light and dark, by keyboard
alone, without scripts; what it shows of a certificate; and that nobody else's words become markup."""
import http.client
import re
import subprocess
import threading

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import harness
from harness import DEADLINE, wait_for
from publisher import Publisher, crl
from service import authority
from test_admin import instance
from test_follow import configure

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


def open_browser(scripts=True):
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--disable-background-networking", "--disable-component-update", "--no-first-run",
                     "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"):
        options.add_argument(argument)
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not scripts:
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 2})
    made = webdriver.Chrome(options=options, service=Driver("/usr/bin/chromedriver"))
    made.set_page_load_timeout(DEADLINE)
    return made


@pytest.fixture(scope="module")
def both(tmp_path_factory, postgres):
    """An instance that is asked all the time, with issuers whose names are markup and Japanese."""
    with instance(tmp_path_factory.mktemp("page"), postgres, cas=("A", "電子署名 CA")) as (made, admin):
        made.whole()
        made.database.issue(*range(1, 10))
        made.database.revoke(7, reason="keyCompromise")
        issued = authority("A").issue("shown", serial=0x21)
        made.database.issue(0x21)
        made.file = issued
        ended = threading.Event()

        def ask():
            while not ended.is_set():
                for serial in (1, 2, 7, 99):
                    made.ask(serial)
                ended.wait(0.05)
        threading.Thread(target=ask, daemon=True).start()
        wait_for("answers on the page", lambda: "<rect" in admin.get("/")[1])
        yield made, admin
        ended.set()


@pytest.fixture(scope="module")
def browser():
    made = open_browser()
    yield made
    made.quit()


def show(browser, admin, size="desktop", dark=False):
    width, height = SIZES[size]
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
    browser.get_log("browser")
    browser.get(f"http://127.0.0.1:{admin.port}/")


def text_of(browser, selector):
    """What it says; "" while there is no such element, or the page is being left."""
    try:
        return "".join(found.text for found in browser.find_elements(By.CSS_SELECTOR, selector))
    except StaleElementReferenceException:
        return ""


def result(browser):
    return wait_for("the result", lambda: text_of(browser, ".result"))


def submit(browser, file=None, issuer=None, serial=None):
    if file:
        browser.find_element(By.ID, "certificate").send_keys(str(file))
    if issuer:
        browser.find_element(By.ID, "issuer").send_keys(issuer)
    if serial:
        browser.find_element(By.ID, "serial").send_keys(serial)
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()


# Of all text that is seen: the contrast of its colour with what lies behind it (WCAG 2, 1.4.3).
CONTRAST = r"""
const part = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
const light = (c) => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
const read = (s) => s.match(/[\d.]+/g).map(Number);
function behind(e) {
    for (; e; e = e.parentElement) {
        const c = read(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
}
const worst = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, box = e.getBoundingClientRect();
    if (!walk.currentNode.data.trim() || box.width < 2 || box.height < 2 || e.closest("svg, datalist")) continue;
    const a = light(read(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) worst.push([walk.currentNode.data.trim(), ratio]);
}
return worst;
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_it_fits_and_can_be_read(both, browser, size, dark):
    _, admin = both
    show(browser, admin, size, dark)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= SIZES[size][0]
    background = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", background)[:3])) < 80) is dark
    assert browser.execute_script(CONTRAST) == []
    submit(browser, issuer="A", serial="07")
    assert "revoked" in result(browser)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= SIZES[size][0]
    assert browser.execute_script(CONTRAST) == []
    assert browser.get_log("browser") == []


def test_screen_readers_find_their_way(both, browser):
    _, admin = both
    show(browser, admin)

    def count(selector):
        return len(browser.find_elements(By.CSS_SELECTOR, selector))
    assert count("body > header") == count("main") == count("body > footer") == count("h1") == 1
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
    levels = [int(h.tag_name[1]) for h in browser.find_elements(By.CSS_SELECTOR, "h1, h2, h3, h4")]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:])), levels
    for section in browser.find_elements(By.TAG_NAME, "section"):
        name = section.get_attribute("aria-labelledby")
        assert browser.execute_script("return document.getElementById(arguments[0]).textContent", name)
    for field in browser.find_elements(By.CSS_SELECTOR, "input"):
        assert browser.find_element(By.CSS_SELECTOR, f"label[for={field.get_attribute('id')}]").text
    tables = browser.find_elements(By.TAG_NAME, "table")
    assert len(tables) == count("table > caption") >= 3
    assert count("th:not([scope])") == 0
    picture = browser.find_element(By.TAG_NAME, "svg")
    assert picture.get_attribute("role") == "img"
    assert picture.find_element(By.TAG_NAME, "title") and picture.find_element(By.TAG_NAME, "desc")
    assert picture.find_elements(By.CSS_SELECTOR, "rect.good")
    rows = browser.find_elements(By.CSS_SELECTOR, "#chart-table tbody tr")
    assert len(rows) == 12
    identities = browser.execute_script("return Array.from(document.querySelectorAll('[id]'), (e) => e.id)")
    assert len(identities) == len(set(identities))


def test_a_certificate_is_answered_with_its_reason(both, browser, tmp_path):
    made, admin = both
    show(browser, admin)
    submit(browser, file=made.file)
    text = result(browser)
    assert "A, serial 21" in text and "good" in text and "recorded as issued" in text
    assert "front 0: nothing" in text
    show(browser, admin)
    submit(browser, issuer="A", serial="7")
    text = result(browser)
    assert "revoked" in text and "keyCompromise" in text and "the revoked set" in text
    show(browser, admin)
    submit(browser, issuer="電子署名 CA", serial="decimal:5")
    assert "unknown" in result(browser) and "電子署名 CA, serial 05" in result(browser)
    der = tmp_path / "shown.der"
    subprocess.run(["openssl", "x509", "-in", made.file, "-outform", "DER", "-out", der], check=True)
    show(browser, admin)
    submit(browser, file=der)
    assert "good" in result(browser)
    assert browser.get_log("browser") == []


def test_what_cannot_be_asked_is_explained(both, browser, tmp_path):
    _, admin = both
    nonsense, empty, big = (tmp_path / name for name in ("nonsense.pem", "empty.pem", "big.pem"))
    nonsense.write_text("<script>alert(1)</script>")
    empty.write_text("")
    big.write_bytes(b"x" * 20000)
    for what, text in ((dict(file=nonsense), "holds no certificate"), (dict(file=empty), "Choose a certificate"),
                       (dict(issuer="A", serial="xyz"), "xyz"), (dict(), "Choose a certificate file"),
                       (dict(issuer="<b>nobody</b>", serial="01"), "<b>nobody</b>")):
        show(browser, admin)
        submit(browser, **what)
        shown = result(browser)
        assert "That cannot be asked" in shown and text in shown, (what, shown)
        assert browser.find_elements(By.ID, "live"), "the rest of the page is there"
    show(browser, admin)
    submit(browser, file=big)
    wait_for("the refusal", lambda: "less than 8 kB" in text_of(browser, "body"))


def test_the_keyboard_is_enough(both, browser):
    _, admin = both
    show(browser, admin)

    def press(*keys):
        for key in keys:
            webdriver.ActionChains(browser).send_keys(key).perform()
    press(Keys.TAB)
    skip = browser.switch_to.active_element
    assert skip.get_attribute("class") == "skip" and skip.size["width"] > 50, "seen when it has the focus"
    press(Keys.ENTER, Keys.TAB, Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("id") == "issuer"
    outline = browser.execute_script("return getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    press("A", Keys.TAB, "07", Keys.ENTER)
    assert "revoked" in result(browser)
    wait_for("the focus on the result",
             lambda: browser.switch_to.active_element.get_attribute("id") == "result")


def test_it_updates_and_leaves_the_form_alone(both, browser):
    _, admin = both
    show(browser, admin)
    browser.find_element(By.ID, "serial").send_keys("0102")
    browser.find_element(By.CSS_SELECTOR, "#chart-table summary").click()
    browser.find_element(By.ID, "serial").click()
    browser.execute_script("document.querySelector('#live section').dataset.old = '1'")
    wait_for("an update", lambda: not browser.find_elements(By.CSS_SELECTOR, "[data-old]"))
    assert browser.find_element(By.ID, "serial").get_attribute("value") == "0102"
    assert browser.find_element(By.ID, "chart-table").get_attribute("open") is not None
    pause = browser.find_element(By.CSS_SELECTOR, "footer button")
    pause.click()
    assert pause.text == "Go on updating"
    assert browser.get_log("browser") == []


def test_it_works_without_scripts(both):
    made, admin = both
    plain = open_browser(scripts=False)
    try:
        show(plain, admin)
        assert "Ready" in plain.find_element(By.ID, "state").text
        assert not plain.find_elements(By.CSS_SELECTOR, "footer button")
        submit(plain, file=made.file)
        assert "good" in result(plain)
    finally:
        plain.quit()


def test_trouble_is_the_first_that_is_seen(browser, postgres, tmp_path):
    """Row 1: an alarm stands before everything else, and goes by itself."""
    with instance(tmp_path, postgres) as (made, admin):
        made.whole()
        wait_for("the page to know", lambda: "Ready" in admin.get("/")[1])
        show(browser, admin)
        assert text_of(browser, "#trouble") == ""
        postgres.sql(f'ALTER DATABASE "{made.database.name}" ALLOW_CONNECTIONS false')
        made.database.close()
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                     (made.database.name,))
        wait_for("the alarm", lambda: "database away" in text_of(browser, "#trouble"))
        wait_for("the state", lambda: "Not ready" in text_of(browser, "#state"))
        assert browser.execute_script(CONTRAST) == []
        postgres.sql(f'ALTER DATABASE "{made.database.name}" ALLOW_CONNECTIONS true')
        wait_for("its end", lambda: text_of(browser, "#trouble") == "")


def test_what_comes_from_outside_and_who_is_told_is_seen(browser, postgres, tmp_path):
    with Publisher() as server, instance(tmp_path, postgres, server={
            "kept_answers": "8MiB", "cache_tag": "xkey"}) as (made, admin):
        server.pages["/ca.crl"] = crl(1)
        configure(made, {"import_conninfo": made.database.conninfo}, head="[database]\n")
        configure(made, {"crl": f"{server.url()}, {server.url('/none.crl')}", "crl_warning": "48h"})
        with open(made.responder.conf, "a", encoding="utf-8") as file:
            file.write('\n[cache "front"]\nurl = http://127.0.0.1:1/\n')
        harness.stillgood("reload", "--socket", made.responder.control_socket)
        wait_for("what is followed", lambda: "ends 20" in text_of_page(browser, admin))
        wait_for("what fails", lambda: "the server says 404" in text_of_page(browser, admin))
        text = wait_for("what is not told", lambda: re.search(r"front\n?.*to be told, the first for .*",
                                                            text_of_page(browser, admin)))[0]
        assert "fetched again 20" in text_of_page(browser, admin), text
        assert re.search(r"Answers kept for the next start\s+written, [0-9,]+", text_of_page(browser, admin))
        for size in SIZES:
            for dark in (False, True):
                show(browser, admin, size, dark)
                assert browser.find_elements(By.CSS_SELECTOR, ".crls .warn") and browser.find_elements(
                    By.CSS_SELECTOR, ".crls .bad")
                assert browser.execute_script("return document.documentElement.scrollWidth") <= SIZES[size][0]
                assert browser.execute_script(CONTRAST) == []
        assert browser.get_log("browser") == []


def text_of_page(browser, admin):
    show(browser, admin)
    return text_of(browser, "main")


def post(admin, body=b"", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", admin.port, timeout=DEADLINE)
    connection.request("POST", "/", body, headers or {})
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


def test_other_sites_and_other_forms_are_refused(both):
    _, admin = both
    body = (b'--b\r\nContent-Disposition: form-data; name="issuer"\r\n\r\nA\r\n'
            b'--b\r\nContent-Disposition: form-data; name="serial"\r\n\r\n07\r\n--b--\r\n')
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    status, text = post(admin, body, form)
    assert status == 200 and "keyCompromise" in text
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{admin.port + 1}"):
        assert post(admin, body, {**form, "Origin": origin})[0] == 403, origin
    assert post(admin, body, {**form, "Origin": f"http://127.0.0.1:{admin.port}"})[0] == 200
    assert post(admin, body, {**form, "Host": "evil.example"})[0] == 421
    assert post(admin, b"x" * 20000, form)[0] == 413
    for wrong in ({}, {"Content-Type": "text/plain"}):
        status, text = post(admin, body, wrong)
        assert status == 200 and "The form did not arrive whole." in text
    assert admin.get("/")[2]["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")


def test_nothing_is_changed_by_looking(both):
    """Every word that the page can say is `status` or `explain`: the counters of questions stand still."""
    made, admin = both
    before = made.ledger()["lost"], made.ledger()["loads"]
    for _ in range(5):
        admin.get("/")
    assert (made.ledger()["lost"], made.ledger()["loads"]) == before
