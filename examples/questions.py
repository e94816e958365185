"""Asks a policy what it says, changes it, and asks what that means; then runs a program under it."""

import callgate

policy = callgate.Subject.open("launch.policy")
print("execve gets", policy.simulate("execve(0)"))
print("since", policy.explain("execve(0)").reason)

with open("launch.policy") as file:
    weaker = callgate.Subject.parse(file.read().replace("allow brk", "allow execve, brk"))
for difference in policy.diff(weaker):
    print(f"{difference.syscall}: {difference.a} -> {difference.b}")

report = policy.run(["sh", "-c", "echo inside; exec true"])
print("ended by", report.refusals[0].syscall, "with status", report.exit_status)
