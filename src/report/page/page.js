/*
 * Draws the charts of the page's data and makes its tables sort and filter. Whatever comes from a program is set as
 * text, never as markup; without this script the tables say the same.
 */
"use strict";
(() => {
	const data = JSON.parse(document.getElementById("data").textContent);
	const NS = "http://www.w3.org/2000/svg";
	const PHASES = [["load", "while libraries were loaded"], ["start", "while it started"],
		["main", "since its main began"], ["serve", "since it first waited for work"]];
	const KINDS = {
		seen: "seen, and allowed",
		some: "seen, and allowed by its arguments",
		only: "not seen, only reachable, let through",
		let: "not seen, let through all the same",
		lost: "seen, and refused",
		gone: "refused",
	};
	const ANSWERS = { allow: "allowed", some: "allowed by its arguments", log: "allowed, and logged",
		ask: "somebody is asked", errno: "refused by an errno", kill: "killed" };

	const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
	const passes = (call) => call.answer !== "errno" && call.answer !== "kill";

	function element(parent, name, attributes, text) {
		const made = parent.namespaceURI === NS && name !== "foreignObject" || name === "svg"
			? document.createElementNS(NS, name) : document.createElement(name);
		for (const key in attributes)
			made.setAttribute(key, attributes[key]);
		if (text !== undefined)
			made.textContent = text;
		parent.appendChild(made);
		return made;
	}

	function kindOf(call) {
		if (call.count !== undefined)
			return passes(call) ? (call.answer === "some" ? "some" : "seen") : "lost";
		if (!passes(call))
			return "gone";
		return call.could.length > 0 ? "only" : "let";
	}

	function sentence(call) {
		const parts = [call.name, call.group, call.risk + " risk"];
		parts.push(call.count === undefined ? (call.could.length ? "reachable, and no run made it" : "not seen")
			: "seen " + number(call.count) + (call.count === 1 ? " time" : " times"));
		parts.push(ANSWERS[call.answer] + (call.until ? " until phase " + call.until : ""));
		return parts.join(" · ");
	}

	function legend(figure, rows) {
		const list = element(figure, "ul", { class: "legend" });
		for (const [kind, text] of rows) {
			const item = element(list, "li", {});
			const swatch = element(item, "svg", { viewBox: "0 0 24 16", "aria-hidden": "true" });
			element(swatch, "rect", { width: 24, height: 16, class: "k-" + kind });
			element(item, "span", {}, text);
		}
	}

	/* One stop for the tabulator, arrows from cell to cell: to the nearest in that direction. */
	function walk(cells) {
		const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
		const focus = (cell) => {
			for (const other of cells)
				other.node.setAttribute("tabindex", other === cell ? "0" : "-1");
			cell.node.focus();
		};
		cells.forEach((cell, i) => {
			cell.node.setAttribute("tabindex", i === 0 ? "0" : "-1");
			cell.node.addEventListener("keydown", (event) => {
				const arrow = ARROWS[event.key];
				let best = null, least = Infinity;
				if (!arrow)
					return;
				event.preventDefault();
				for (const other of cells) {
					const x = other.x - cell.x, y = other.y - cell.y;
					const ahead = x * arrow[0] + y * arrow[1], aside = Math.abs(x * arrow[1]) + Math.abs(y * arrow[0]);
					if (ahead > 0.5 && ahead + 3 * aside < least) {
						least = ahead + 3 * aside;
						best = other;
					}
				}
				if (best)
					focus(best);
			});
		});
	}

	function label(cell, name, width, height, kind) {
		const fit = Math.floor((width - 4) / 5.8);
		if (height < 13 || fit < 3)
			return;
		element(cell, "text", { x: 3, y: 11, class: "t-" + kind },
			name.length <= fit ? name : name.slice(0, fit - 1) + "…");
	}

	function drawCell(svg, leaf, readout) {
		const call = leaf.data, kind = kindOf(call);
		const width = leaf.x1 - leaf.x0, height = leaf.y1 - leaf.y0;
		const known = document.getElementById("s-" + call.name);
		const cell = element(svg, "a", { class: "cell", transform: `translate(${leaf.x0},${leaf.y0})`,
			"data-kind": kind, "aria-label": sentence(call), role: "link" });
		if (known)
			cell.setAttribute("href", "#s-" + call.name);
		element(cell, "rect", { width, height, class: "k-" + kind });
		if (call.risk === "high" || call.risk === "kernel")
			element(cell, "path", { class: "corner", d: `M${width} 0v8l-8 -8z` });
		label(cell, call.name, width, height, kind);
		for (const event of ["focus", "mouseenter"])
			cell.addEventListener(event, () => { readout.textContent = sentence(call); });
		return { node: cell, x: leaf.x0 + width / 2, y: leaf.y0 + height / 2 };
	}

	/* Groups as squares as may be; in them boxes of one size, in columns, so that what was seen stands together. */
	function tile(node, x0, y0, x1, y1) {
		if (node.depth === 0) {
			d3.treemapSquarify(node, x0, y0, x1, y1);
			return;
		}
		const count = node.children.length, wide = x1 - x0, high = y1 - y0;
		let columns = Math.min(count, Math.max(1, Math.round(Math.sqrt(count * wide / (high * 3.2)))));
		const rows = Math.ceil(count / columns);
		columns = Math.ceil(count / rows);
		node.children.forEach((child, i) => {
			const column = Math.floor(i / rows), row = i % rows;
			child.x0 = x0 + column * wide / columns;
			child.x1 = child.x0 + wide / columns;
			child.y0 = y0 + row * high / rows;
			child.y1 = child.y0 + high / rows;
		});
	}

	function map(figure) {
		const groups = new Map();
		for (const call of data.syscalls) {
			if (!groups.has(call.group))
				groups.set(call.group, []);
			groups.get(call.group).push(call);
		}
		const order = Object.keys(KINDS);
		for (const calls of groups.values())
			calls.sort((a, b) => order.indexOf(kindOf(a)) - order.indexOf(kindOf(b)) || (a.name < b.name ? -1 : 1));
		const width = Math.max(640, Math.min(1160, figure.parentNode.clientWidth - 44)), height = Math.round(width * 0.6);
		const root = d3.hierarchy({ children: [...groups].map(([name, children]) => ({ name, children })) })
			.sum((node) => node.children ? 0 : 1).sort((a, b) => b.value - a.value || 0);
		d3.treemap().tile(tile).size([width, height]).paddingTop((node) => node.depth === 1 ? 20 : 0)
			.paddingInner((node) => node.depth === 0 ? 6 : 1.5).round(true)(root);
		const svg = element(figure, "svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "group",
			"aria-label": "Every syscall of this kernel by group; arrow keys go from call to call" });
		const readout = document.createElement("output");
		readout.className = "readout";
		readout.textContent = "Point at a call, or go through them with Tab and the arrow keys.";
		for (const group of root.children || [])
			element(svg, "text", { class: "group-name", x: group.x0 + 1, y: group.y0 + 14 },
				fitting(group.data.name + " (" + group.value + ")", group.x1 - group.x0));
		walk(root.leaves().map((leaf) => drawCell(svg, leaf, readout)));
		legend(figure, order.filter((kind) => data.syscalls.some((call) => kindOf(call) === kind))
			.map((kind) => [kind, KINDS[kind]]));
		figure.appendChild(readout);
		element(figure, "figcaption", {}, "One box a syscall. A corner marks high risk: what reaches other processes, "
			+ "namespaces, or code of the kernel that is often exploited.");
	}

	const fitting = (text, width) => {
		const fit = Math.floor(width / 7.7);
		return text.length <= fit ? text : fit > 3 ? text.slice(0, fit - 1) + "…" : "";
	};

	/* Bars of rows: [{ name, total, parts: { key: value } }], each as long as its total, or all as long as the figure. */
	function bars(figure, rows, keys, options) {
		const left = options.left, right = 90, width = 900, step = 24, height = rows.length * step + 8;
		const most = Math.max(1, ...rows.map((row) => row.total));
		const svg = element(figure, "svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img",
			"aria-label": options.label });
		const stack = d3.stack().keys(keys.map(([key]) => key)).value((row, key) => row.parts[key] || 0);
		const scale = (row, value) => left + (width - left - right) * value / (options.share ? row.total || 1 : most);
		for (const layer of stack(rows))
			layer.forEach((part, i) => {
				const row = rows[i], from = scale(row, part[0]), to = scale(row, part[1]);
				if (to > from)
					element(element(svg, "rect", { class: "k-" + (options.kinds || {})[layer.key] || layer.key, x: from,
						y: i * step + 4, width: to - from, height: step - 8 }), "title", {},
					row.name + ": " + number(row.parts[layer.key]) + " " + keys.find(([key]) => key === layer.key)[1]);
			});
		rows.forEach((row, i) => {
			element(svg, "text", { class: "bar-name", x: left - 8, y: i * step + 17, "text-anchor": "end" }, row.name);
			element(svg, "text", { class: "bar-value", x: scale(row, options.share ? row.total || 1 : row.total) + 8,
				y: i * step + 17 }, number(row.total));
		});
		legend(figure, keys.map(([key, text]) => [options.kinds[key], text]));
	}

	function phases(figure) {
		const rows = new Map();
		for (const call of data.syscalls) {
			if (!call.phases)
				continue;
			if (!rows.has(call.group))
				rows.set(call.group, { name: call.group, total: 0, parts: {} });
			const row = rows.get(call.group);
			for (const [phase] of PHASES) {
				row.parts[phase] = (row.parts[phase] || 0) + (call.phases[phase] || 0);
				row.total += call.phases[phase] || 0;
			}
		}
		const list = [...rows.values()].filter((row) => row.total > 0).sort((a, b) => b.total - a.total);
		if (list.length > 0)
			bars(figure, list, PHASES, { left: 170, share: true, label: "Which part of the calls of each group came in which "
				+ "phase; the table below has the numbers", kinds: { load: "load", start: "start", main: "main", serve: "serve" } });
	}

	const timeText = (at) => {
		const ms = 2 ** at * 1.048576;
		return ms < 1000 ? Math.round(ms) + " ms" : ms < 120000 ? (ms / 1000).toFixed(1) + " s"
			: ms < 7200000 ? Math.round(ms / 60000) + " min" : Math.round(ms / 3600000) + " h";
	};

	/* A line a group, over time; each as high as its own most, since one group may have a thousand times another's. */
	function times(figure) {
		const rows = new Map();
		for (const call of data.syscalls) {
			(call.times || []).forEach((count, at) => {
				if (!rows.has(call.group))
					rows.set(call.group, { name: call.group, total: 0, counts: [] });
				const row = rows.get(call.group);
				row.counts[at] = (row.counts[at] || 0) + count;
				row.total += count;
			});
		}
		const list = [...rows.values()].filter((row) => row.total > 0).sort((a, b) => b.total - a.total);
		const length = Math.max(0, ...list.map((row) => row.counts.length));
		const left = 170, right = 90, width = 900, step = 40, column = (width - left - right) / Math.max(1, length);
		if (list.length === 0)
			return;
		const svg = element(figure, "svg", { class: "chart", viewBox: `0 0 ${width} ${list.length * step + 24}`, role: "img",
			"aria-label": "When the calls of each group came, since the first call; the table below has the numbers" });
		list.forEach((row, i) => {
			const base = i * step + step - 4, most = Math.max(...row.counts.map((count) => count || 0));
			const points = [];
			for (let at = 0; at < length; at++)
				points.push([at, row.counts[at] || 0], [at + 1, row.counts[at] || 0]);
			const area = d3.area().x((point) => left + point[0] * column).y0(base)
				.y1((point) => base - (step - 12) * Math.sqrt(point[1] / most));
			element(svg, "line", { class: "axis-line", x1: left, x2: width - right, y1: base, y2: base });
			element(element(svg, "path", { class: "k-serve", d: area(points) }), "title", {},
				row.name + ": " + row.counts.map((count, at) => number(count || 0) + " to " + timeText(at)).join(", "));
			element(svg, "text", { class: "bar-name", x: left - 8, y: base - 8, "text-anchor": "end" }, row.name);
			element(svg, "text", { class: "bar-value", x: width - right + 8, y: base - 8 }, number(row.total));
		});
		const every = Math.ceil(length / 9);
		for (let at = 0; at < length; at += every)
			element(svg, "text", { class: "axis", x: left + (at + 1) * column, y: list.length * step + 16, "text-anchor": "middle" },
				timeText(at));
		element(figure, "figcaption", {}, "Each line has its own height: the root of how many calls came, of the most in it.");
	}

	function holes(figure) {
		const rows = new Map();
		for (const hole of data.holes) {
			const name = hole.syscalls.replace(/ /g, ", ") + (/^AF_\w+/.test(hole.what) ? " " + hole.what.split(":")[0] : "");
			if (!rows.has(name))
				rows.set(name, { name, total: 0, parts: {} });
			rows.get(name).total++;
			rows.get(name).parts[hole.state] = (rows.get(name).parts[hole.state] || 0) + 1;
		}
		const rank = { open: 0, narrowed: 1, removed: 2 };
		const list = [...rows.values()].filter((row) => row.total > 1 || !row.parts.removed)
			.sort((a, b) => rank[Object.keys(a.parts)[0]] - rank[Object.keys(b.parts)[0]] || b.total - a.total);
		bars(figure, list, [["open", "in reach"], ["narrowed", "by arguments"], ["removed", "out of reach"]],
			{ left: 230, label: "Published holes by the call that was the way to them; the table below has all of them",
				kinds: { open: "lost", narrowed: "only", removed: "gone" } });
	}

	const cellValue = (row, column) => {
		const cell = row.cells[column];
		return cell.dataset.sort !== undefined ? Number(cell.dataset.sort) : cell.textContent.toLowerCase();
	};

	function sortable(table) {
		const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
		heads.forEach((head, column) => {
			const button = document.createElement("button");
			button.type = "button";
			button.textContent = head.textContent;
			head.replaceChildren(button);
			button.addEventListener("click", () => {
				const up = head.getAttribute("aria-sort") === "descending"
					|| !head.hasAttribute("aria-sort") && !head.classList.contains("number");
				for (const other of heads)
					other.removeAttribute("aria-sort");
				head.setAttribute("aria-sort", up ? "ascending" : "descending");
				const rows = [...body.rows].sort((a, b) => {
					const x = cellValue(a, column), y = cellValue(b, column);
					return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1);
				});
				body.append(...rows);
			});
		});
	}

	/* A field to search in a table's rows, and one to choose among the words of some columns. */
	function filterable(table, columns) {
		const tools = document.createElement("div");
		const rows = [...table.tBodies[0].rows];
		const count = document.createElement("output");
		const search = document.createElement("input");
		const choices = [];
		const apply = () => {
			const wanted = search.value.trim().toLowerCase();
			let shown = 0;
			for (const row of rows) {
				const hit = (!wanted || row.textContent.toLowerCase().includes(wanted))
					&& choices.every(([select, column]) => !select.value || row.cells[column].textContent.trim() === select.value);
				row.hidden = !hit;
				shown += hit;
			}
			count.textContent = shown + " of " + rows.length;
		};
		const labelled = (text, field) => {
			const label = document.createElement("label");
			label.append(text, field);
			tools.append(label);
			field.addEventListener("input", apply);
		};
		tools.className = "tools";
		search.type = "search";
		labelled("Search", search);
		for (const [title, column] of columns) {
			const select = document.createElement("select");
			select.append(new Option("all", ""));
			for (const word of new Set(rows.map((row) => row.cells[column].textContent.trim())))
				select.append(new Option(word, word));
			labelled(title, select);
			choices.push([select, column]);
		}
		tools.append(count);
		table.parentNode.before(tools);
		apply();
	}

	function openTarget() {
		const target = location.hash.startsWith("#s-") && document.getElementById(decodeURIComponent(location.hash.slice(1)));
		if (!target)
			return;
		target.open = true;
		target.scrollIntoView();
	}

	const draw = (id, what) => {
		const figure = document.getElementById(id);
		if (figure)
			what(figure);
	};
	draw("map", map);
	draw("phase-chart", phases);
	draw("time-chart", times);
	draw("hole-chart", holes);
	for (const table of document.querySelectorAll("section table"))
		sortable(table);
	draw("call-table", (table) => filterable(table, [["Group", 1], ["Risk", 2], ["Evidence", 3], ["Policy", 7]]));
	draw("hole-table", (table) => filterable(table, [["Here", 2]]));
	addEventListener("hashchange", openTarget);
	openTarget();
	document.documentElement.dataset.ready = "yes";
})();
