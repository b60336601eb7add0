"use strict";
(function () {
	const live = document.getElementById("live");
	const result = document.getElementById("result"), button = document.createElement("button");
	let paused = false;
	if (result)
		result.focus();
	function name() {
		button.textContent = paused ? "Go on updating" : "Pause updating";
	}
	button.type = "button";
	button.addEventListener("click", function () {
		paused = !paused;
		name();
	});
	name();
	document.querySelector("footer p").append(" ", button);
	function put(page) {
		const open = Array.from(live.querySelectorAll("details[open]"), (d) => d.id);
		if (live.contains(document.activeElement))
			return;
		for (const id of ["state", "trouble", "live"]) {
			const fresh = page.getElementById(id);
			if (fresh)
				document.getElementById(id).replaceChildren(...fresh.childNodes);
		}
		for (const id of open) {
			const again = document.getElementById(id);
			if (again)
				again.open = true;
		}
	}
	async function look() {
		if (paused || document.hidden)
			return;
		try {
			const reply = await fetch("/", {cache: "no-store"});
			if (reply.ok)
				put(new DOMParser().parseFromString(await reply.text(), "text/html"));
		} catch {
			/* It is away for the moment: what is shown stays. */
		}
	}
	setInterval(look, 5000);
})();
