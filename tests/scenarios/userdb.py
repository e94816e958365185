"""userdb.py SOCKET: a service of user records as systemd's are, with one user, until it is killed.

Prints a line when it listens. Of the user "callgate-gone" it says nothing and hangs up.
"""

import json
import socket
import sys

SERVICE = sys.argv[1].rpartition("/")[2]
NAME, NUMBER = "callgate-guest", 60123
USER = {"userName": NAME, "uid": NUMBER, "gid": NUMBER, "homeDirectory": "/", "shell": "/bin/sh", "service": SERVICE}
GROUP = {"groupName": NAME, "gid": NUMBER, "service": SERVICE}


def answer(question):
    """What is said to a question, None for nothing."""
    asked = question.get("parameters", {})
    names = {asked.get("userName", NAME), asked.get("groupName", NAME)}
    if "callgate-gone" in names:
        return None
    if names == {NAME} and {asked.get("uid", NUMBER), asked.get("gid", NUMBER)} == {NUMBER}:
        if question["method"].endswith(".GetUserRecord"):
            return {"parameters": {"record": USER, "incomplete": False}}
        if question["method"].endswith(".GetGroupRecord"):
            return {"parameters": {"record": GROUP, "incomplete": False}}
    return {"error": "io.systemd.UserDatabase.NoRecordFound", "parameters": {}}


def serve(client):
    """Answers one client until either hangs up."""
    rest = b""
    while got := client.recv(65536):
        *questions, rest = (rest + got).split(b"\0")
        for question in questions:
            said = answer(json.loads(question))
            if said is None:
                return
            client.sendall(json.dumps(said).encode() + b"\0")


def main():
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        print("ready", flush=True)
        while True:
            client, _ = listener.accept()
            with client:
                serve(client)


main()
