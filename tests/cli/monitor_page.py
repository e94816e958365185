#!/usr/bin/env python3
"""Opens the monitor's page in headless Chromium, in this process's own network, and prints TAP lines of what it shows.

	monitor_page.py URL EVENTS [SCREENSHOT]

Events are added to the file while the page is open. Exits 77 with the reason when there is no Chromium that starts here.
"""

import json
import os
import shutil
import sys
import tempfile
import time

from browser import WAIT, Browser, Gone, check
import browser as checks


def until(page, expression):
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        value = page.evaluate(expression)
        if value:
            return value
        time.sleep(.1)
    return None


def event(**values):
    whole = {"event": "refused", "time": time.time(), "pid": 77, "tid": 77, "program": "/usr/bin/strange", "call": "uname(0x1)",
             "syscall": "uname", "outcome": "ended", "seen_by": "exit", "action": "kill-process", "ret": 0x80000000, "policy": "a.policy",
             "file": "a.policy", "line": 3, "rule": "kill-process uname", "reason": "it is the first rule that holds",
             "args": [], "edit": None, "backtrace": []}
    return json.dumps({**whole, **values}) + "\n"


TURNED = "/usr/bin/\u202etxt.exe"
EVIL = '<img src=x onerror="window.attacked = 1"><script>window.attacked = 1</script>'


def look_by_keys(page, events):
    focused = "document.activeElement.closest('#events tbody tr')?.dataset.key"
    page.evaluate("document.querySelector('#events tbody tr').click()")
    check("one row is reached by Tab", page.evaluate("document.querySelectorAll('#events tbody tr[tabindex=\"0\"]').length"), 1)
    page.evaluate("document.querySelector('#events tbody tr[tabindex=\"0\"]').focus()")
    first = page.evaluate(focused)
    page.key("ArrowDown")
    second = page.evaluate(focused)
    check("the arrows lead to the others", bool(first) and bool(second) and first != second)
    with open(events, "a", encoding="utf-8") as file:
        file.write(event(program="/usr/bin/newest", pid=78, call="uname(0x2)"))
    check("one that comes is shown", until(page, "document.querySelector('#events tbody tr').textContent.includes('newest')"))
    check("and takes the focus from none", page.evaluate(focused), second)
    page.key("Enter")
    check("Enter shows it whole", page.evaluate("document.activeElement.getAttribute('aria-selected')"), "true")
    check("the chart says in words what it shows", until(page, "/at most [1-9].* in one/.test(document.getElementById('chart').getAttribute('aria-label'))"))


def look(page, url, events, screenshot):
    page.begin()
    page.go(url)
    check("refusals that were told before are there", until(page, "document.querySelectorAll('#events tbody tr').length > 0"))
    check("the token is not in the address", page.evaluate("location.hash === '' && !location.href.includes('#')"))
    check("it says that it is live", until(page, "document.getElementById('link').textContent === 'live'"))
    with open(events, "a", encoding="utf-8") as file:
        file.write(event(program="/usr/bin/later", call="ptrace(0)", edit={"rule": "allow ptrace", "file": "a.policy", "line": 3, "opens": ["door"]},
                         backtrace=[{"address": "0x1", "module": "/lib/libc.so.6", "build_id": "ab", "offset": "0x1", "symbol": "ptrace",
                                     "symbol_offset": "0x7", "file": "", "line": 0}]))
        file.write(event(program=EVIL, call=EVIL, rule=EVIL, reason=EVIL, unit=EVIL, outcome="failed"))
        file.write(event(program=TURNED))
        for _ in range(50):
            file.write(event(program="/usr/bin/many", outcome="let-through"))
        file.write(json.dumps({"event": "suppressed", "time": time.time(), "pid": 78, "program": "/usr/bin/flood", "policy": "a", "count": 12345}) + "\n")
    check("one is shown when it happens", until(page, "document.body.textContent.includes('later')"))
    check("what repeats stands once", until(page, "[...document.querySelectorAll('#events .count')].some(one => one.textContent === '50')"))
    check("what is only counted is counted", until(page, "document.getElementById('t-suppressed').textContent.replace(/\\D/g, '') === '12345'"))
    check("programs have their rates", until(page, "[...document.querySelectorAll('#programs th')].some(one => one.textContent === 'many')"))
    check("and so have rules", until(page, "[...document.querySelectorAll('#rules tbody th')].some(one => one.textContent === 'a.policy:3')"))
    check("filters in force are listed", until(page, "document.querySelectorAll('#filters tbody tr').length > 0"))
    check("the chart has bars", until(page, "document.querySelectorAll('#chart rect').length > 0"))
    page.evaluate("[...document.querySelectorAll('#events tbody tr')].find(one => one.textContent.includes('later')).click()")
    check("one event is shown whole", page.evaluate(
        "(() => { const text = document.getElementById('detail').textContent; return ['ptrace+0x7', 'allow ptrace', 'door', 'a.policy:3',"
        " 'it is the first rule that holds'].every(part => text.includes(part)); })()"))
    page.evaluate("[...document.querySelectorAll('#events tbody tr')].find(one => one.textContent.includes('onerror')).click()")
    page.evaluate("new Promise(done => setTimeout(done, 300))")
    check("no text of a stranger became code",
          page.evaluate("window.attacked === undefined && !document.querySelector('main img, main script') && "
                        "document.getElementById('detail').textContent.includes('onerror')"))
    check("nor turns another's direction", page.evaluate("!document.body.textContent.includes('\\u202e') && document.body.textContent.includes('\\\\u202etxt')"))
    look_by_keys(page, events)
    page.evaluate("(() => { const find = document.getElementById('find'); find.value = 'later'; find.dispatchEvent(new Event('input')); })()")
    check("refusals are searched", page.evaluate("document.querySelectorAll('#events tbody tr').length"), 1)
    check("the page is not wider than its window",
          page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
    if screenshot:
        page.evaluate("document.querySelector('#events tbody tr').click()")
        check("a picture of it is taken", page.picture(screenshot, whole=True) > 10000)
    origin = url.split("#")[0]
    asked = [one["params"]["request"]["url"] for one in page.events if one.get("method") == "Network.requestWillBeSent"]
    check("it asks its own server and nobody else", all(one.split("#")[0].startswith(origin) for one in asked))
    wrong = [one["params"] for one in page.events if one.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")]
    check("nothing is complained of", wrong, [])


def look_without_token(page, url):
    page.begin()
    page.go(url.split("#")[0])
    check("without the token it is locked", until(page, "!document.getElementById('locked').hidden && document.getElementById('open').hidden"))
    page.go("about:blank")
    page.go(url.split("#")[0] + "#0123456789abcdef0123456789abcdef")
    check("with a wrong one too", until(page, "!document.getElementById('locked').hidden && document.getElementById('open').hidden"))
    check("and shows nothing", page.evaluate("document.querySelectorAll('#events tbody tr').length"), 0)


def main():
    url, events, screenshot = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None
    program = shutil.which("chromium", path=os.environ.get("PATH", "") + ":/usr/bin")
    if not program:
        print("no chromium")
        return 77
    folder = tempfile.mkdtemp()
    page = Browser(program, folder, alone=False)
    try:
        try:
            page.ask("Browser.getVersion")
        except Gone as reason:
            print(f"chromium does not start here: {reason}")
            return 77
        look(page, url, events, screenshot)
        page.session = None
        look_without_token(page, url)
        page.session = None
        page.ask("Browser.close")
    finally:
        page.end()
        shutil.rmtree(folder, ignore_errors=True)
    return checks.failed > 0


if __name__ == "__main__":
    sys.exit(main())
