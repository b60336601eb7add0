"""Alert rules and dashboard (conf/prometheus, conf/grafana): promtool reads every expression, each alert fires where
it must and not where it must not, and every metric that is named stands in the table (doc/metrics.md)."""
import json
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "conf/prometheus/stillgood.rules.yml"
TESTS = ROOT / "tests/tree/alerts.test.yml"
DASHBOARD = json.loads((ROOT / "conf/grafana/stillgood.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def promtool(*arguments, cwd=ROOT):
    result = subprocess.run(["promtool", *arguments], capture_output=True, text=True, cwd=cwd, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def known():
    """{name: type} of every metric, and of the series of a histogram."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "doc/metrics.md").read_text(encoding="utf-8"), re.M)
    names = dict(rows)
    for name, kind in rows:
        if kind == "histogram":
            names.update({name + suffix: "counter" for suffix in ("_bucket", "_sum", "_count")})
    return names


def named(text):
    return set(re.findall(r"\bstillgood_\w+", text))


def expressions():
    return [target["expr"] for panel in PANELS for target in panel["targets"]]


def test_the_rules_are_rules():
    promtool("check", "rules", str(RULES))


def test_every_alert_fires_where_it_must_and_not_where_it_must_not():
    promtool("test", "rules", TESTS.name, cwd=TESTS.parent)
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8")))
    cases = TESTS.read_text(encoding="utf-8")
    silent = set(re.findall(r"eval_time: \w+, alertname: (\w+)\}", cases))
    firing = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts", cases))
    assert alerts == silent == firing


def test_every_metric_that_is_named_is_one():
    unknown = (named(RULES.read_text(encoding="utf-8")) | named(" ".join(expressions()))
               | named(TESTS.read_text(encoding="utf-8"))) - set(known())
    assert not unknown


def test_counters_are_read_as_rates():
    """A counter begins at 0 again with its room."""
    counters = {name for name, kind in known().items() if kind == "counter"}
    for expression in expressions() + re.findall(r"expr: (?:>-\n)?((?:.|\n)*?)\n\s+(?:for|labels):",
                                                 RULES.read_text(encoding="utf-8")):
        for name in named(expression) & counters:
            assert re.search(r"(?:rate|increase)\(" + name + r"\b", expression), expression


def test_every_expression_of_the_dashboard_is_one(tmp_path):
    rules = [{"record": f"panel:{i}", "expr": e.replace("$__rate_interval", "5m").replace("$instance", ".*")}
             for i, e in enumerate(expressions())]
    assert len(rules) > 30 and not any("$" in rule["expr"] for rule in rules)
    path = tmp_path / "dashboard.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    promtool("check", "rules", str(path))


def test_the_dashboard_has_what_grafana_reads():
    assert DASHBOARD["uid"] and DASHBOARD["title"] and DASHBOARD["schemaVersion"] >= 36
    variables = {one["name"]: one["type"] for one in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource": "datasource", "instance": "query"}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in PANELS:
        assert panel["type"] in ("stat", "timeseries", "table") and panel["title"]
        assert panel["fieldConfig"]["defaults"] is not None and panel["options"]
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_no_panels_lie_upon_each_other():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
