/*
 * The page: it reads server-sent events by fetch, which can show the token in a header, and asks for counts every two
 * seconds. All text of events is strangers': it goes into the page as text alone, never as markup.
 */
"use strict";

const LIST_MAX = 200, SECONDS = 120, OUTCOMES = ["ended", "failed", "let-through"];
const by = (id) => document.getElementById(id);
const state = { token: "", events: [], chosen: null, paused: false, find: "", policies: new Map(), rates: new Map(), seconds: new Map(), totals: null, serial: 0 };

function make(name, text, kind) {
	const element = document.createElement(name);
	if (text !== undefined && text !== null) element.textContent = String(text);
	if (kind) element.className = kind;
	return element;
}

function number(value) {
	return Number(value || 0).toLocaleString("en").replaceAll(",", "\u202f");
}

function base(path) {
	return String(path || "").replace(/^.*\//, "") || "?";
}

function clock(seconds) {
	return new Date(seconds * 1000).toTimeString().slice(0, 8);
}

function rule(event) {
	return event.line ? base(event.file) + ":" + event.line : "";
}

/* ---- rates ---- */

function count(outcome, amount) {
	const second = Math.floor(Date.now() / 1000);
	const row = state.seconds.get(second) || {};
	row[outcome] = (row[outcome] || 0) + amount;
	state.seconds.set(second, row);
	for (const old of state.seconds.keys()) if (old < second - SECONDS) state.seconds.delete(old);
}

function lastMinute() {
	const from = Math.floor(Date.now() / 1000) - 60;
	let sum = 0;
	for (const [second, row] of state.seconds) if (second > from) for (const outcome in row) sum += row[outcome];
	return sum;
}

/* How much a count has grown in the last minute. */
function rate(key, value) {
	const now = Date.now(), seen = state.rates.get(key) || [];
	seen.push([now, value]);
	while (seen.length > 1 && seen[0][0] < now - 60000) seen.shift();
	state.rates.set(key, seen);
	return value - seen[0][1];
}

/* ---- drawing ---- */

const SVG = "http://www.w3.org/2000/svg";
function shape(name, attributes, kind) {
	const element = document.createElementNS(SVG, name);
	for (const key in attributes) element.setAttribute(key, attributes[key]);
	if (kind) element.setAttribute("class", kind);
	return element;
}

function drawChart() {
	const chart = by("chart"), now = Math.floor(Date.now() / 1000), left = 46, bottom = 146, height = 132, step = (960 - left) / SECONDS;
	const rows = [];
	let most = 1;
	for (let i = 0; i < SECONDS; i++) {
		const row = state.seconds.get(now - SECONDS + 1 + i) || {};
		let sum = 0;
		for (const outcome in row) sum += row[outcome];
		most = Math.max(most, sum);
		rows.push(row);
	}
	const parts = [];
	for (const share of [0, .5, 1]) {
		const y = bottom - height * share;
		parts.push(shape("line", { x1: left, x2: 960, y1: y, y2: y }, "axis-line"));
		const label = shape("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, "axis");
		label.textContent = number(Math.round(most * share * 10) / 10);
		parts.push(label);
	}
	rows.forEach((row, i) => {
		let y = bottom;
		for (const outcome of [...OUTCOMES, "counted"]) {
			if (!row[outcome]) continue;
			const tall = Math.max(1.5, height * row[outcome] / most);
			y -= tall;
			parts.push(shape("rect", { x: left + i * step + .6, y, width: step - 1.2, height: tall, rx: 1 }, "b-" + outcome));
		}
	});
	for (const [share, text] of [[0, "2 min ago"], [.5, "1 min ago"], [1, "now"]]) {
		const label = shape("text", { x: left + (960 - left) * share, y: 164, "text-anchor": share === 0 ? "start" : share === 1 ? "end" : "middle" }, "axis");
		label.textContent = text;
		parts.push(label);
	}
	chart.replaceChildren(...parts);
}

function matches(event) {
	return !state.find || [event.program, event.call, event.rule, event.file, event.unit].some((text) => String(text || "").toLowerCase().includes(state.find));
}

function badge(outcome) {
	return make("span", outcome === "let-through" ? "let through" : outcome === "suppressed" ? "counted" : outcome, "badge " + outcome);
}

/* What a target repeats stands once, with how often: newest first, as the list is. */
function alike(a, b) {
	return a.event === "refused" && b.event === "refused" && a.pid === b.pid && a.call === b.call && a.outcome === b.outcome;
}

function folded(events) {
	const groups = [];
	for (const event of events) {
		const last = groups[groups.length - 1];
		if (!last || !alike(last.event, event)) groups.push({ event, times: 1 });
		else {
			last.times++;
			/* The first of a place has its backtrace. */
			if (event.backtrace.length || event.serial === state.chosen) last.event = event;
		}
		if (groups.length > LIST_MAX) break;
	}
	return groups.slice(0, LIST_MAX);
}

function row({ event, times }) {
	const line = make("tr"), program = make("td"), call = make("td"), what = make("td");
	line.tabIndex = 0;
	line.setAttribute("aria-selected", String(state.chosen === event.serial));
	program.append(make("b", event.event === "gap" ? "the chain" : base(event.program)), make("span", " " + (event.pid || ""), "path"));
	program.title = event.program || "";
	what.append(badge(event.event === "refused" ? event.outcome : event.event));
	call.append(event.event === "refused" ? make("code", event.call) : make("span", event.event === "gap" ? event.reason : number(event.count) + " more, not told one by one", "path"));
	if (times > 1) call.prepend(make("span", number(times), "count"));
	call.title = event.call || "";
	line.append(make("td", clock(event.time)), program, what, call, make("td", rule(event)));
	const choose = () => { state.chosen = event.serial; drawList(); drawDetail(event); };
	line.addEventListener("click", choose);
	line.addEventListener("keydown", (key) => { if (key.key === "Enter" || key.key === " ") { key.preventDefault(); choose(); } });
	return line;
}

function drawList() {
	by("events").tBodies[0].replaceChildren(...folded(state.events.filter(matches)).map(row));
	by("none").hidden = state.events.length > 0;
}

function pair(list, name, value) {
	if (value === undefined || value === null || value === "") return;
	list.append(make("dt", name), make("dd", value));
}

function frame(one) {
	const item = make("li"), text = make("div");
	text.append(make("b", one.symbol ? one.symbol + "+" + one.symbol_offset : one.offset), make("span", " " + base(one.module) + (one.file ? " · " + base(one.file) + ":" + one.line : "")));
	text.title = (one.module || "") + " " + (one.build_id || "");
	item.append(text);
	return item;
}

function editOf(event) {
	const box = make("div", null, "edit"), first = make("p"), edit = event.edit;
	first.append(make("code", edit.rule), make("span", edit.line ? " before " + edit.file + ":" + edit.line : " at the end of the policy"));
	box.append(first);
	if (edit.opens && edit.opens.length) {
		const list = make("ul");
		for (const line of edit.opens) list.append(make("li", line));
		box.append(make("p", "That opens:", "path"), list);
	} else box.append(make("p", "That opens nothing that check finds.", "path"));
	return box;
}

const FATES = { ended: "ended its process", failed: "made the call fail", "let-through": "was told of, and let through" };
const SEEN = { exit: "a tracer, at its end", listener: "a supervisor, while it waited", audit: "the kernel's log", core: "a core file" };

function drawDetail(event) {
	const detail = by("detail"), list = make("dl"), raw = make("details");
	if (event.event === "suppressed") {
		pair(list, "Program", event.program);
		pair(list, "Process", event.pid);
		pair(list, "Count", number(event.count));
		detail.replaceChildren(make("h3", "Refusals that were only counted"), list);
		return;
	}
	if (event.event === "gap") {
		detail.replaceChildren(make("h3", "The chain does not hold all"), make("p", event.reason));
		return;
	}
	pair(list, "Outcome", (event.action || "") + " · " + (FATES[event.outcome] || event.outcome));
	pair(list, "Decided by", event.line ? event.file + ":" + event.line + "  " + event.rule : event.policy);
	pair(list, "Because", event.reason);
	pair(list, "Program", event.program);
	pair(list, "Build id", event.build_id);
	pair(list, "Process", event.pid + (event.tid !== event.pid ? ", thread " + event.tid : ""));
	pair(list, "Unit", event.unit);
	pair(list, "Control group", event.cgroup);
	pair(list, "Seen by", SEEN[event.seen_by] || event.seen_by);
	pair(list, "At", new Date(event.time * 1000).toISOString().replace("T", " "));
	const title = make("h3"), call = make("code", event.call, "call");
	title.append(badge(event.outcome), make("span", "  " + base(event.program)));
	detail.replaceChildren(title, call, list);
	if (event.edit) detail.append(make("h4", "To let it pass"), editOf(event));
	if (event.backtrace.length) {
		const frames = make("ol", null, "frames");
		for (const one of event.backtrace) frames.append(frame(one));
		detail.append(make("h4", "By these functions"), frames);
	}
	const { serial, ...whole } = event;
	raw.append(make("summary", "The event as it came"), make("pre", JSON.stringify(whole, null, 1)));
	detail.append(raw);
}

function meter(share) {
	const cell = make("td", null, "meter"), bar = make("div");
	bar.style.width = Math.round(100 * share) + "%";
	if (share > 0) cell.append(bar);
	return cell;
}

function drawCounts(rows) {
	const programs = new Map(), rules = new Map();
	for (const one of rows) {
		const program = programs.get(one.program || "?") || { told: 0, counted: 0 };
		program.told += one.count;
		program.counted += one.suppressed;
		programs.set(one.program || "?", program);
		if (!one.count) continue;
		const key = (one.rule || "not known") + "\n" + one.syscall;
		rules.set(key, (rules.get(key) || 0) + one.count);
	}
	const top = [...programs].map(([name, it]) => [name, it, rate("p" + name, it.told + it.counted)]).sort((a, b) => b[2] - a[2] || b[1].told + b[1].counted - a[1].told - a[1].counted).slice(0, 12);
	const most = Math.max(1, ...top.map((one) => one[2]));
	by("programs").tBodies[0].replaceChildren(...top.map(([name, it, fresh]) => {
		const line = make("tr"), head = make("th", base(name));
		head.title = name;
		line.append(head, make("td", number(it.told), "number"), make("td", number(it.counted), "number"), make("td", number(fresh), "number"), meter(fresh / most));
		return line;
	}));
	const first = [...rules].map(([key, told]) => [...key.split("\n"), told, rate("r" + key, told)]).sort((a, b) => b[3] - a[3] || b[2] - a[2]).slice(0, 12);
	const largest = Math.max(1, ...first.map((one) => one[3]));
	by("rules").tBodies[0].replaceChildren(...first.map(([name, call, told, fresh]) => {
		const line = make("tr"), head = make("th", base(name)), what = make("td");
		head.title = name;
		what.append(make("code", call));
		line.append(head, what, make("td", number(told), "number"), make("td", number(fresh), "number"), meter(fresh / largest));
		return line;
	}));
}

function drawFilters(processes) {
	by("t-filters").textContent = number(processes.length);
	by("filters").tBodies[0].replaceChildren(...processes.map((one) => {
		const line = make("tr");
		line.append(make("td", one.pid), make("th", one.name), make("td", one.filters === null ? "some" : one.filters, "number"), make("td", one.no_new_privs ? "set" : "not set"), make("td", state.policies.get(one.pid) || ""));
		return line;
	}));
}

function drawTotals() {
	const totals = state.totals || {};
	by("t-refused").textContent = number(totals.refused);
	by("t-suppressed").textContent = number(totals.suppressed);
	by("t-lost").textContent = number((totals.lost || 0) + (totals.journal_lost || 0) + (totals.chain_lost || 0));
	by("t-rate").textContent = number(lastMinute());
}

/* ---- what comes ---- */

function take(event) {
	if (event.event === "started") state.policies.set(event.pid, event.policy);
	if (event.event !== "refused" && event.event !== "suppressed" && event.event !== "gap") return;
	const fresh = Math.abs(Date.now() / 1000 - event.time) < SECONDS;
	if (fresh && event.event !== "gap") count(event.event === "suppressed" ? "counted" : event.outcome, event.event === "suppressed" ? event.count : 1);
	event.serial = ++state.serial;
	event.backtrace = event.backtrace || [];
	state.events.unshift(event);
	state.events.length = Math.min(state.events.length, 4 * LIST_MAX);
	state.dirty = true;
}

function hear(kind, data) {
	if (kind === "message") take(JSON.parse(data));
	else if (kind === "totals") state.totals = JSON.parse(data);
	else if (kind === "missed") take({ event: "suppressed", time: Date.now() / 1000, program: "this page was too slow", count: Number(data) });
}

function link(text, kind) {
	by("link").textContent = text;
	by("link").className = "badge link " + kind;
}

function ask(path) {
	return fetch(path, { headers: { Authorization: "Bearer " + state.token }, cache: "no-store", credentials: "omit" });
}

async function listen() {
	const answer = await ask("/events");
	if (answer.status === 401) return lock();
	if (!answer.ok) throw new Error(answer.statusText);
	link("live", "live");
	const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
	let text = "";
	state.events = [];
	for (;;) {
		const { value, done } = await reader.read();
		if (done) break;
		text += value;
		const blocks = text.split("\n\n");
		text = blocks.pop();
		for (const block of blocks) {
			let kind = "message", data = "";
			for (const line of block.split("\n")) {
				if (line.startsWith("event: ")) kind = line.slice(7);
				else if (line.startsWith("data: ")) data += line.slice(6);
			}
			hear(kind, data);
		}
	}
	throw new Error("ended");
}

async function listenForEver() {
	for (;;) {
		try {
			if (await listen() === "locked") return;
		} catch {
			link("not connected", "lost");
		}
		await new Promise((done) => setTimeout(done, 2000));
	}
}

async function lookAgain() {
	try {
		const answer = await ask("/state");
		if (!answer.ok) return;
		const now = await answer.json();
		drawCounts(now.counts);
		drawFilters(now.filters);
	} catch { /* the other connection tells */ }
}

function lock() {
	by("open").hidden = true;
	by("locked").hidden = false;
	link("locked", "lost");
	sessionStorage.removeItem("token");
	return "locked";
}

function begin(token) {
	state.token = token;
	sessionStorage.setItem("token", token);
	by("locked").hidden = true;
	by("open").hidden = false;
	listenForEver();
	lookAgain();
}

function tick() {
	drawTotals();
	drawChart();
	if (state.dirty && !state.paused) {
		state.dirty = false;
		drawList();
	}
	if (state.chosen === null && state.events.length) {
		const first = state.events.find((event) => event.event === "refused" && event.backtrace.length) || state.events.find((event) => event.event === "refused");
		if (first) { state.chosen = first.serial; drawList(); drawDetail(first); }
	}
}

by("find").addEventListener("input", () => { state.find = by("find").value.toLowerCase(); drawList(); });
by("pause").addEventListener("click", () => {
	state.paused = !state.paused;
	by("pause").setAttribute("aria-pressed", String(state.paused));
	by("pause").textContent = state.paused ? "Go on" : "Pause";
});
by("unlock").addEventListener("submit", (event) => { event.preventDefault(); begin(by("token").value.trim()); });

{
	const token = decodeURIComponent(location.hash.slice(1)) || sessionStorage.getItem("token") || "";
	/* Out of the address: it is not to be copied with it. */
	history.replaceState(null, "", location.pathname);
	if (token) begin(token); else lock();
	setInterval(tick, 500);
	setInterval(() => { if (state.token && !by("open").hidden) lookAgain(); }, 2000);
}
