# shellcheck shell=bash disable=SC2154
# The monitor's page: who gets what from its server, and what a browser shows. All of it in a network of its own.
export CALLGATE
printf 'kernel 6.1\ndefault allow\nerrno EPERM mkdir, mkdirat\n' >shut.policy
"$CALLGATE" run -p shut.policy --watch --events events -- mkdir one 2>/dev/null
expect 2 'only this machine is served' callgate monitor --serve 0.0.0.0:0 events
stderr_has 'no address to serve a page at'
for address in 127.0.0.1 127.0.0.1:x 127.0.0.1:99999 '[::]:80' localhost:80 '127.0.0.1:1:2'; do
	expect 2 "'$address' is none" callgate monitor --serve "$address" events
done
printf 'short\n' >token
expect 2 'a token that can be guessed is none' callgate monitor --serve 127.0.0.1:0 --token-file token events

alone() { # alone COMMAND...: in a network that has nothing but itself
	local user=()
	[ "$(id -u)" = 0 ] || user=(--user --map-root-user)
	unshare "${user[@]}" --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
}
if ! alone true 2>err; then
	skip 'the server' "no network of one's own here: $(tail -n 1 err)"
	return
fi

# serve COMMAND...: with the monitor beside it; URL is where. In the foreground timeout(1) sends no SIGCONT behind a signal that
# it hands on: one that arrives as a sanitizer stops the threads of a program that ends undoes that stop, for ever.
cat >serve <<'S'
rm -f served # the address of the one before
timeout --foreground 280 "$CALLGATE" monitor --quiet --follow --serve 127.0.0.1:0 events 2>served &
pid=$!
until grep -q '#' served 2>/dev/null || ! kill -0 $pid 2>/dev/null; do
	sleep 0.1
done
MONITOR=$pid URL=$(sed -n 's/^callgate: \(http:.*#.*\)/\1/p' served) "$@"
status=$?
kill -TERM $pid
wait $pid || status=9
exit $status
S
cat >judge.py <<'P'
import http.client, json, os, time
address, token = os.environ["URL"].removeprefix("http://").split("/#")
def ask(path, wanted, method="GET", host=address, token=token, **more):
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": host, "Authorization": token and "Bearer " + token, **more}.items():
        if value:
            connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == wanted, (path, method, host, token, more, answer.status)
    for header in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control", "X-Frame-Options"):
        assert answer.getheader(header), header
    assert "default-src 'none'" in answer.getheader("Content-Security-Policy")
    return answer
port = address.split(":")[1]
for path in ("/", "/page.css", "/page.js"):
    ask(path, 200, token=None)
assert "callgate" in ask("/", 200).read().decode()
for path in ("/state", "/events"):
    ask(path, 401, token=None)
    ask(path, 401, token="")
    ask(path, 401, token=token[:-1])
    ask(path, 401, token=token + "0")
    ask(path, 401, token=token[:-1] + ("0" if token[-1] != "0" else "1"))
    ask(path, 401, token=None, Authorization="Basic " + token)
for host in ("evil.example:" + port, "localhost:" + port, "127.0.0.1", "127.0.0.1:1", "127.0.0.1:" + port + ".evil.example", None):
    ask("/", 403, host=host)
    ask("/state", 403, host=host)
ask("/state", 403, Origin="http://evil.example")
ask("/state", 403, Origin="null")
ask("/state", 403, Origin="https://" + address)
ask("/state", 403, Sec_Fetch_Site="cross-site")
ask("/state", 200, Origin="http://" + address, Sec_Fetch_Site="same-origin")
for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
    ask("/state", 405, method=method)
for path in ("/../etc/passwd", "/state/", "/events?x", "/%2e%2e/state", "//state", "/index.html"):
    assert ask(path, 200 if path == "/events?x" else 404)
for _ in range(600):
    state = json.loads(ask("/state", 200).read())
    if state["totals"]["refused"] == 1:
        break
    time.sleep(.1)
assert state["counts"][0]["syscall"] == "mkdir" and isinstance(state["filters"], list), state
stream = ask("/events", 200)
assert stream.getheader("Content-Type") == "text/event-stream"
seen = b""
while b'"event":"refused"' not in seen or b"event: totals" not in seen:
    seen += stream.read1(65536)
P
expect 0 'who is not to see it does not' alone bash serve python3 judge.py

expect 0 'many readers, some of whom go away' alone bash serve python3 -c '
import http.client, os, socket, time, urllib.request
address, token = os.environ["URL"].removeprefix("http://").split("/#")
host, port = address.split(":")
# More than it serves at once: those are turned away, and all the others are not forgotten. Who is turned away may see that
# at any moment, in the middle of connecting too.
for i in range(100):
    s = socket.socket()
    try:
        s = socket.create_connection((host, int(port)), 60)
        s.sendall(f"GET /events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        if i % 2:
            s.recv(100)
    except OSError:
        pass
    s.close()
for garbage in (b"\0" * 70000, b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 200000, b"\r\n\r\n", b"GET /events", b"\xff" * 10):
    s = socket.socket()
    try:
        s = socket.create_connection((host, int(port)), 60)
        s.sendall(garbage)
        s.shutdown(socket.SHUT_WR)
        s.recv(10)
    except OSError:
        pass
    s.close()
for i in range(600):
    try:
        assert urllib.request.urlopen(f"http://{address}/", timeout=60).status == 200
        break
    except (OSError, http.client.HTTPException):
        time.sleep(.1)
else:
    raise SystemExit("it serves nobody any more")
'

cat >idle.py <<'P'
import http.client, os, pathlib, socket, time
address, token = os.environ["URL"].removeprefix("http://").split("/#")
host, port = address.split(":")
def connect():
    return socket.create_connection((host, int(port)), 100)
def reads():
    reader = http.client.HTTPConnection(address, timeout=100)
    reader.request("GET", "/events", headers={"Authorization": "Bearer " + token})
    return reader, reader.getresponse()
first, stream = reads()
assert stream.status == 200
# Those who say nothing, and those who say it byte by byte.
idle = [connect() for _ in range(200)]
for one in idle:
    try:
        one.sendall(b"G")
    except OSError:
        pass
for path in ("/", "/page.js", "/state"):
    plain = http.client.HTTPConnection(address, timeout=100)
    plain.request("GET", path, headers={"Authorization": "Bearer " + token})
    answer = plain.getresponse()
    assert answer.status == 200 and answer.getheader("Connection") == "close", (path, answer.status)
    assert answer.read()
seen = b""
while seen.count(b"event: totals") < 3:
    chunk = stream.read1(65536)
    assert chunk, "who reads was sent away"
    seen += chunk
# Readers are many, and not without end; one who goes leaves a place.
more = [reads() for _ in range(15)]
assert all(answer.status == 200 for _, answer in more)
assert reads()[1].status == 503
more[0][1].close()
more[0][0].close()
for _ in range(600):
    if reads()[1].status == 200:
        break
    time.sleep(.1)
else:
    raise SystemExit("a place that was left stays taken")
# Who serves strangers has nothing that these could use.
monitor = int(os.environ["MONITOR"])
for child in pathlib.Path(f"/proc/{monitor}/task/{monitor}/children").read_text().split():
    threads = list(pathlib.Path(f"/proc/{child}/task").iterdir())
    assert len(threads) > 16, threads
    for thread in threads:
        try:
            text = (thread / "status").read_text()
        except OSError:
            continue
        status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", status
        # To find a file that takes the place of one that is followed.
        assert int(status["CapEff"], 16) | 4 == int(status["CapPrm"], 16) | 4 == 4 and int(status["CapInh"], 16) == 0, status
P
expect 0 'who is idle keeps nobody out, and who serves is confined' alone bash serve python3 idle.py

# As people see it, with a filter in force.
"$CALLGATE" run -p shut.policy -- sleep 280 2>/dev/null &
confined=$!
# shellcheck disable=SC2016
alone bash serve sh -c '"$0" "$URL" events page.png' "$here/monitor_page.py" >browser.tap 2>err
status=$?
kill -TERM $confined
wait $confined
if [ $status = 77 ]; then
	skip 'the page in a browser' "$(tail -n 1 browser.tap)"
else
	cp browser.tap out
	check 'the page in a browser' test $status = 0
	while read -r line; do
		case $line in
		'ok - '*) count=$((count + 1)) && echo "ok $count - ${line#ok - }" ;;
		'not ok - '*) count=$((count + 1)) && failures=$((failures + 1)) && echo "not ok $count - ${line#not ok - }" ;;
		*) echo "# $line" ;;
		esac
	done <browser.tap
fi
