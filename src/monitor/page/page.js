/*
 * The page: it reads server-sent events by fetch, which can show the token in a header, and asks for counts every two
 * seconds. All text of events is strangers': it goes into the page as text alone, never as markup. The list is made anew
 * when something comes; what is focused, chosen or looked at stays where it is.
 */
"use strict";

const LIST_MAX = 200, SECONDS = 120, PROCESSES_MAX = 256, KINDS = ["ended", "failed", "let-through", "answered", "counted"];
const WORDS = { ended: "ended", failed: "failed", "let-through": "let through", answered: "answered", counted: "counted", suppressed: "counted", gap: "gap" };
const by = (id) => document.getElementById(id);
const state = { token: "", events: [], chosen: null, frozen: null, find: "", policies: new Map(), recent: { at: 0, rows: [] }, totals: null, serial: 0, focus: null };

/* Marks that turn the direction of a text would show a name as another. */
function plain(text) {
	return String(text).replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (mark) => "\\u" + mark.charCodeAt(0).toString(16).padStart(4, "0"));
}

function make(name, text, kind) {
	const element = document.createElement(name);
	if (text !== undefined && text !== null) element.textContent = plain(text);
	if (kind) element.className = kind;
	return element;
}

function number(value) {
	return Number(value || 0).toLocaleString("en").replaceAll(",", "\u202f");
}

function base(path) {
	return String(path || "").replace(/^.*\//, "") || "?";
}

const two = (value) => String(value).padStart(2, "0");
const day = (date) => date.getFullYear() + "-" + two(date.getMonth() + 1) + "-" + two(date.getDate());

/* Of today the time, of other days the day. */
function clock(seconds) {
	const date = new Date(seconds * 1000);
	return day(date) === day(new Date()) ? date.toTimeString().slice(0, 8) : day(date).slice(5) + " " + date.toTimeString().slice(0, 5);
}

function moment(seconds) {
	const date = new Date(seconds * 1000);
	return day(date) + " " + date.toTimeString().slice(0, 8) + "." + String(date.getMilliseconds()).padStart(3, "0") + date.toTimeString().slice(8, 17);
}

function rule(event) {
	return event.line ? base(event.file) + ":" + event.line : "";
}

/* ---- drawing ---- */

const SVG = "http://www.w3.org/2000/svg";
function shape(name, attributes, kind) {
	const element = document.createElementNS(SVG, name);
	for (const key in attributes) element.setAttribute(key, attributes[key]);
	if (kind) element.setAttribute("class", kind);
	return element;
}

/* The last seconds by outcome, as the server counted them: [ended, failed, let through, answered, counted], the oldest first. */
function seconds() {
	const rows = Array.from({ length: SECONDS }, () => KINDS.map(() => 0)), passed = Math.floor((Date.now() - state.recent.at) / 1000);
	for (const [ago, ...counts] of state.recent.rows) {
		const place = SECONDS - 1 - ago - passed;
		if (place >= 0 && place < SECONDS) rows[place] = counts;
	}
	return rows;
}

const sum = (row) => row.reduce((all, one) => all + one, 0);

/* An even number at the top of an axis, so that its half is one too. */
function ceiling(most) {
	for (let unit = 1; ; unit *= 10) for (const step of [2, 4, 6, 10]) if (unit * step >= most) return unit * step;
}

/* They differ by more than their colour: solid, solid, outlines, stripes. */
function bar(kind, x, y, width, height) {
	if (kind === "counted") return shape("line", { x1: x + width / 2, x2: x + width / 2, y1: y + height, y2: y, "stroke-width": width, "stroke-dasharray": "2 1.5" }, "s-counted");
	if (kind === "let-through" || kind === "answered") return shape("rect", { x: x + .75, y: y + .75, width: Math.max(.5, width - 1.5), height: Math.max(.5, height - 1.5) }, "s-" + kind);
	return shape("rect", { x, y, width, height, rx: 1 }, "b-" + kind);
}

function drawChart() {
	const chart = by("chart"), width = Math.max(280, chart.clientWidth || 960), left = 46, bottom = 146, height = 132, step = (width - left) / SECONDS;
	const rows = seconds(), most = ceiling(Math.max(2, ...rows.map(sum))), parts = [];
	for (const share of [0, .5, 1]) {
		const y = bottom - height * share;
		parts.push(shape("line", { x1: left, x2: width, y1: y, y2: y }, "axis-line"));
		const label = shape("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, "axis");
		label.textContent = number(most * share);
		parts.push(label);
	}
	rows.forEach((row, i) => {
		let y = bottom;
		KINDS.forEach((kind, k) => {
			if (!row[k]) return;
			const tall = Math.max(2, height * row[k] / most);
			y -= tall;
			parts.push(bar(kind, left + i * step + .5, y, Math.max(1.2, step - 1), tall));
		});
	});
	for (const [share, text] of [[0, "2 min ago"], [.5, "1 min ago"], [1, "now"]]) {
		const label = shape("text", { x: left + (width - left) * share, y: 164, "text-anchor": share === 0 ? "start" : share === 1 ? "end" : "middle" }, "axis");
		label.textContent = text;
		parts.push(label);
	}
	chart.setAttribute("viewBox", "0 0 " + width + " 170");
	chart.setAttribute("aria-label", "Refusals a second over the last two minutes: at most " + number(Math.max(...rows.map(sum))) + " in one, in all "
		+ KINDS.map((kind, k) => number(sum(rows.map((row) => row[k]))) + " " + WORDS[kind]).join(", "));
	chart.replaceChildren(...parts);
}

function matches(event) {
	return !state.find || [event.program, event.call, event.rule, event.file, event.unit].some((text) => String(text || "").toLowerCase().includes(state.find));
}

function badge(outcome) {
	return make("span", WORDS[outcome] || outcome, "badge " + (WORDS[outcome] ? outcome : ""));
}

/* What a target repeats stands once, with how often: newest first, as the list is. */
function alike(a, b) {
	return a.event === "refused" && b.event === "refused" && a.pid === b.pid && a.call === b.call && a.outcome === b.outcome;
}

/* A group is known by its first event: later ones do not make it another. */
function folded(events) {
	const groups = [];
	for (const event of events) {
		const last = groups[groups.length - 1];
		if (!last || !alike(last.event, event)) {
			if (groups.length === LIST_MAX) break;
			groups.push({ event, times: 1, key: event.serial });
			continue;
		}
		last.times++;
		last.key = event.serial;
		/* The first of a place has its backtrace. */
		if (event.serial === state.chosen || (event.backtrace.length && last.event.serial !== state.chosen)) last.event = event;
	}
	return groups;
}

function cell(row, kind, ...parts) {
	const element = make("td", null, kind);
	element.setAttribute("role", "gridcell");
	element.append(...parts);
	row.append(element);
	return element;
}

function choose(event) {
	state.chosen = event.serial;
	drawList();
	drawDetail(event);
}

function row({ event, times, key }) {
	const line = make("tr"), isRefusal = event.event === "refused";
	line.setAttribute("role", "row");
	line.setAttribute("aria-selected", String(state.chosen === event.serial));
	line.dataset.key = key;
	cell(line, "when", clock(event.time)).title = moment(event.time);
	cell(line, "who", make("b", event.event === "gap" ? "the chain" : base(event.program)), make("span", " " + (event.pid || ""), "path")).title = plain(event.program || "");
	cell(line, "what", badge(isRefusal ? event.outcome : event.event));
	const call = cell(line, "made", isRefusal ? make("code", event.call) : make("span", event.event === "gap" ? event.reason : number(event.count) + " more, not told one by one", "path"));
	if (times > 1) call.prepend(make("span", number(times), "count"));
	call.title = plain(event.call || "");
	cell(line, "by", plain(rule(event)));
	line.addEventListener("click", () => { state.focus = key; choose(event); });
	line.addEventListener("focus", () => { state.focus = key; });
	return line;
}

/* One row is reached by Tab, the others from there by the arrows. */
function markFocus(lines) {
	const there = lines.find((line) => Number(line.dataset.key) === state.focus) || lines.find((line) => line.getAttribute("aria-selected") === "true") || lines[0];
	for (const line of lines) line.tabIndex = line === there ? 0 : -1;
	return there;
}

function drawList() {
	const body = by("events").tBodies[0], list = by("list"), had = body.contains(document.activeElement), above = list.getBoundingClientRect().top;
	/* The first row that can be seen stays where it is, but for the newest, before which the new ones come in sight. */
	const seen = list.scrollTop ? [...body.rows].find((line) => line.getBoundingClientRect().bottom > above + 40) : null, place = seen ? seen.getBoundingClientRect().top : 0;
	const lines = folded((state.frozen || state.events).filter(matches)).map(row);
	body.replaceChildren(...lines);
	by("none").hidden = lines.length > 0;
	by("none").textContent = state.events.length ? "Nothing among the latest refusals matches." : "Nothing was refused since the monitor began.";
	const there = lines.length ? markFocus(lines) : null, same = seen && lines.find((line) => line.dataset.key === seen.dataset.key);
	if (same) list.scrollTop += same.getBoundingClientRect().top - place;
	if (had && there) there.focus({ preventScroll: true });
}

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -LIST_MAX, End: LIST_MAX };

function walk(key) {
	const lines = [...by("events").tBodies[0].rows], at = lines.indexOf(document.activeElement);
	if (at < 0) return;
	if (key.key in STEPS) {
		const next = lines[Math.min(lines.length - 1, Math.max(0, at + STEPS[key.key]))];
		key.preventDefault();
		next.focus();
		markFocus(lines);
	} else if (key.key === "Enter" || key.key === " ") {
		key.preventDefault();
		lines[at].click();
	}
}

function pair(list, name, value) {
	if (value === undefined || value === null || value === "") return;
	list.append(make("dt", name), make("dd", value));
}

function frame(one) {
	const item = make("li"), text = make("div");
	text.append(make("b", one.symbol ? one.symbol + "+" + one.symbol_offset : one.offset), make("span", " " + base(one.module) + (one.file ? " · " + base(one.file) + ":" + one.line : "")));
	text.title = plain((one.module || "") + " " + (one.build_id || ""));
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

const FATES = { ended: "ended its process", failed: "made the call fail", "let-through": "was told of, and let through", answered: "was answered by its supervisor, who may have made it" };
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
	pair(list, "At", moment(event.time));
	const title = make("h3"), call = make("code", event.call, "call");
	title.append(badge(event.outcome), make("span", "  " + base(event.program)));
	detail.replaceChildren(title, call, list);
	if (event.edit) detail.append(make("h4", "To let it pass"), editOf(event));
	const way = event.backtrace.length ? event : state.events.find((other) => other.event === "refused" && other.backtrace.length && other.pid === event.pid && other.program === event.program && other.ip === event.ip);
	if (way) {
		const frames = make("ol", null, "frames");
		for (const one of way.backtrace) frames.append(frame(one));
		detail.append(make("h4", way === event ? "By these functions" : "By these functions, when it came from here first"), frames);
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

/* Rows with told, counted and minute, those of the last minute first. */
function busiest(rows) {
	return rows.sort((a, b) => b.minute - a.minute || b.told + b.counted - a.told - a.counted).slice(0, 12);
}

function gather(map, key, one) {
	const it = map.get(key) || { key, told: 0, counted: 0, minute: 0 };
	it.told += one.count;
	it.counted += one.suppressed;
	it.minute += one.minute;
	map.set(key, it);
}

function drawTable(id, rows, columns) {
	const most = Math.max(1, ...rows.map((one) => one.minute));
	by(id).tBodies[0].replaceChildren(...rows.map((one) => {
		const line = make("tr"), [name, call] = one.key.split("\n"), head = make("th", base(name));
		head.title = plain(name);
		head.scope = "row";
		line.append(head);
		if (call !== undefined) {
			const what = make("td", null, "nowrap");
			what.append(make("code", call));
			line.append(what);
		}
		for (const column of columns) line.append(make("td", number(one[column]), "number"));
		line.append(meter(one.minute / most));
		return line;
	}));
}

function drawCounts(rows) {
	const programs = new Map(), rules = new Map();
	for (const one of rows) {
		gather(programs, one.program || "?", one);
		if (one.count) gather(rules, (one.rule || "not known") + "\n" + one.syscall, one);
	}
	drawTable("programs", busiest([...programs.values()]), ["told", "counted", "minute"]);
	drawTable("rules", busiest([...rules.values()]), ["told", "minute"]);
}

/* A process that was started when the event says so: numbers are given again. */
function policyOf(one) {
	const started = state.policies.get(one.pid);
	return started && one.started && Math.abs(started.time - one.started) < 5 ? started.policy : "";
}

function drawFilters(processes) {
	by("t-filters").textContent = number(processes.length) + (processes.length >= PROCESSES_MAX ? "+" : "");
	by("filters").tBodies[0].replaceChildren(...processes.map((one) => {
		const line = make("tr");
		line.append(make("td", one.pid), make("th", one.name), make("td", one.filters === null ? "some" : one.filters, "number"), make("td", one.no_new_privs ? "set" : "not set"), make("td", policyOf(one)));
		return line;
	}));
}

function drawTotals() {
	const totals = state.totals || {};
	by("t-refused").textContent = number(totals.refused);
	by("t-suppressed").textContent = number(totals.suppressed);
	by("t-lost").textContent = number((totals.lost || 0) + (totals.journal_lost || 0) + (totals.chain_lost || 0));
	by("t-rate").textContent = number(sum(seconds().slice(-60).map(sum)));
}

/* ---- what comes ---- */

function take(event) {
	if (event.event === "started") state.policies.set(event.pid, { policy: event.policy, time: event.time });
	if (event.event !== "refused" && event.event !== "suppressed" && event.event !== "gap") return;
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
	if (!answer.ok) throw new Error(answer.status === 503 ? "as many pages as there are places for are open" : "not connected");
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
	throw new Error("not connected");
}

async function listenForEver() {
	for (;;) {
		try {
			if (await listen() === "locked") return;
		} catch (wrong) {
			link(wrong instanceof TypeError ? "not connected" : wrong.message, "lost");
		}
		await new Promise((done) => setTimeout(done, 2000));
	}
}

async function lookAgain() {
	try {
		const answer = await ask("/state");
		if (!answer.ok) return;
		const now = await answer.json();
		state.recent = { at: Date.now(), rows: now.seconds };
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
	if (state.dirty && !state.frozen) {
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
	state.frozen = state.frozen ? null : [...state.events];
	by("pause").setAttribute("aria-pressed", String(state.frozen !== null));
	drawList();
});
by("events").addEventListener("keydown", walk);
addEventListener("resize", drawChart);
by("unlock").addEventListener("submit", (event) => { event.preventDefault(); begin(by("token").value.trim()); });

{
	const token = decodeURIComponent(location.hash.slice(1)) || sessionStorage.getItem("token") || "";
	/* Out of the address: it is not to be copied with it. */
	history.replaceState(null, "", location.pathname);
	if (token) begin(token); else lock();
	setInterval(tick, 500);
	setInterval(() => { if (state.token && !by("open").hidden) lookAgain(); }, 2000);
}
