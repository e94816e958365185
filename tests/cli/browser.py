#!/usr/bin/env python3
"""Opens a report in headless Chromium, in a network of its own that leads nowhere, and prints TAP lines of what it shows.

	browser.py PAGE [SCREENSHOT]

Chromium is spoken to through two pipes (--remote-debugging-pipe), so that no port is needed. Exits 77 with the reason
when there is no Chromium that starts here.
"""

import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

WAIT = 120  # seconds for one answer: a loaded machine is slow, not wrong


class Gone(Exception):
    pass


class Browser:
    def __init__(self, program, folder, alone=True):
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()
        self.rest = b""
        self.number = 0
        self.events = []
        self.session = None
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
                 "--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={folder}/profile"]

        def descriptors():
            os.dup2(to_read, 1000)
            os.dup2(back_write, 1001)
            os.dup2(1000, 3)
            os.dup2(1001, 4)
            os.close(1000)
            os.close(1001)

        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": folder, "TMPDIR": folder, "XDG_RUNTIME_DIR": folder}
        self.log = open(f"{folder}/log", "wb")
        network = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
        self.process = subprocess.Popen([*(network if alone else []), program, *flags], stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, close_fds=False, preexec_fn=descriptors, env=environment)
        os.close(to_read)
        os.close(back_write)

    def read(self):
        end = time.monotonic() + WAIT
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], max(0, end - time.monotonic()))[0]:
                raise Gone("no answer")
            got = os.read(self.back, 1 << 16)
            if not got:
                raise Gone("it ended")
            self.rest += got
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        try:
            os.write(self.to, json.dumps(message).encode() + b"\0")
        except OSError as wrong:
            raise Gone(str(wrong)) from wrong
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while True:
            for event in self.events:
                if event.get("method") == method:
                    self.events.remove(event)
                    return event
            self.events.append(self.read())

    def evaluate(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def key(self, key):
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                     windowsVirtualKeyCode={"Tab": 9, "Enter": 13, "ArrowRight": 39, "ArrowDown": 40, "ArrowLeft": 37}[key])

    def go(self, url):
        self.events = [event for event in self.events if event.get("method") != "Page.loadEventFired"]
        self.ask("Page.navigate", url=url)
        self.wait("Page.loadEventFired")

    def open(self, page):
        self.go(pathlib.Path(page).resolve().as_uri())

    def begin(self):
        """A page of its own, whose doings are told."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Network", "Log"):
            self.ask(part + ".enable")
        self.ask("Emulation.setDeviceMetricsOverride", width=1280, height=1500, deviceScaleFactor=1, mobile=False)

    def picture(self, path, whole=False):
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(shot))
        return len(shot)

    def end(self):
        os.close(self.to)
        try:
            self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.back)
        self.log.close()


count = 0
failed = 0


def check(name, value, wanted=True):
    global count, failed
    count += 1
    good = value == wanted if wanted is not True else bool(value)
    failed += not good
    print(f"{'ok' if good else 'not ok'} - {name}")
    if not good:
        print(f"# it is {value!r}, not {wanted!r}")


def look_at_charts(browser):
    check("the script ran to its end", browser.evaluate("document.documentElement.dataset.ready"), "yes")
    check("a box a syscall", browser.evaluate("document.querySelectorAll('#map .cell').length === "
                                              "JSON.parse(document.getElementById('data').textContent).syscalls.length"))
    check("a box that was seen has its own pattern or colour, and its name in words",
          browser.evaluate("[...document.querySelectorAll('#map .cell[data-kind=seen], #map .cell[data-kind=some]')]"
                           ".every(cell => /seen [0-9]/.test(cell.getAttribute('aria-label').replace(/\\u202f/g, '')))"))
    check("a line a group that made calls, over time",
          browser.evaluate("document.querySelectorAll('#time-chart path').length === "
                           "document.querySelectorAll('#time-table tbody tr').length"))
    check("a bar a group and phase", browser.evaluate("document.querySelectorAll('#phase-chart rect').length > 3"))
    check("the boxes do not leave the picture",
          browser.evaluate("(() => { const all = document.querySelector('#map svg').getBoundingClientRect();"
                           " return [...document.querySelectorAll('#map .cell rect')].every(rect => {"
                           " const at = rect.getBoundingClientRect(); return at.left >= all.left - 1 && at.right <= all.right + 1"
                           " && at.top >= all.top - 1 && at.bottom <= all.bottom + 1; }); })()"))
    check("the page is not wider than its window",
          browser.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def work_by_keys(browser):
    browser.evaluate("document.querySelector('#map .cell').focus()")
    first = browser.evaluate("document.activeElement.getAttribute('aria-label')")
    browser.key("ArrowDown")
    second = browser.evaluate("document.activeElement.getAttribute('aria-label')")
    check("an arrow goes to another box", first and second and first != second)
    check("what it is stands below the picture", browser.evaluate("document.querySelector('#map output').textContent"), second)
    check("one box alone is a stop for the tabulator",
          browser.evaluate("document.querySelectorAll('#map .cell[tabindex=\"0\"]').length"), 1)
    browser.key("Tab")
    check("the tabulator leaves the picture", browser.evaluate("!document.activeElement.closest('#map')"))
    browser.evaluate("document.querySelector('#map .cell[href]').focus()")
    browser.key("Enter")
    browser.evaluate("new Promise(done => setTimeout(done, 0))")
    browser.evaluate("location.hash = document.querySelector('#map .cell[href]').getAttribute('href')")
    check("a box leads to all that is known of its call",
          browser.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => "
                           "done(document.querySelector('details[open]')?.id.startsWith('s-')))))"))


def work_tables(browser):
    browser.evaluate("document.querySelector('#call-table thead th:nth-child(5) button').click()")
    check("a table sorts by numbers",
          browser.evaluate("(() => { const all = [...document.querySelectorAll('#call-table tbody tr')]"
                           ".map(row => Number(row.cells[4].dataset.sort));"
                           " return all.every((value, i) => i === 0 || all[i - 1] >= value) && all[0] > all[all.length - 1]; })()"))
    check("and says so", browser.evaluate("document.querySelector('#call-table th[aria-sort]').ariaSort"), "descending")
    browser.evaluate("(() => { const field = document.querySelector('#calls input[type=search]'); field.value = 'openat';"
                     " field.dispatchEvent(new Event('input')); })()")
    check("a table is searched", browser.evaluate("[...document.querySelectorAll('#call-table tbody tr')]"
                                                  ".filter(row => !row.hidden).every(row => row.textContent.includes('openat'))"))


def look_without_script(browser, page):
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page)
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    check("without its script the tables are there", browser.evaluate("document.querySelectorAll('#by-group tbody tr').length > 5"))
    check("and nothing else is", browser.evaluate("document.querySelectorAll('#map *').length"), 0)


def look_at_media(browser, page):
    colours = []
    for scheme in ("light", "dark"):
        browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        colours.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
    check("light and dark differ", len(set(colours)), 2)
    browser.ask("Emulation.setEmulatedMedia", media="print", features=[])
    check("what is closed is printed too",
          browser.evaluate("document.querySelector('details:not([open]) .detail').getBoundingClientRect().height > 0"))
    browser.ask("Emulation.setEmulatedMedia", media="", features=[])


def look(browser, page, screenshot):
    browser.begin()
    browser.open(page)
    look_at_charts(browser)
    check("no name became code", browser.evaluate("window.attacked === undefined && !document.querySelector('main img, main script')"))
    if screenshot:
        check("a picture of it is taken", browser.picture(screenshot) > 10000)
    work_by_keys(browser)
    work_tables(browser)
    look_at_media(browser, page)
    asked = [event["params"]["request"]["url"] for event in browser.events if event.get("method") == "Network.requestWillBeSent"]
    check("it asks for itself and nothing else", all(url.startswith("file:") and url.split("#")[0].endswith(".html") for url in asked))
    wrong = [event["params"] for event in browser.events
             if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")]
    check("nothing is complained of", wrong, [])
    look_without_script(browser, page)


def main():
    page, screenshot = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    program = shutil.which("chromium", path=os.environ.get("PATH", "") + ":/usr/bin")
    if not program:
        print("no chromium")
        return 77
    folder = tempfile.mkdtemp()
    browser = Browser(program, folder)
    try:
        try:
            browser.ask("Browser.getVersion")
        except Gone as reason:
            print(f"chromium does not start here: {reason}")
            return 77
        look(browser, page, screenshot)
        browser.session = None
        browser.ask("Browser.close")
    finally:
        browser.end()
        shutil.rmtree(folder, ignore_errors=True)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
