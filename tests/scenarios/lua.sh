# shellcheck shell=bash
# lua computes, keeps files, starts a program, and fails.
work() {
	"$@" lua5.4 -e 'local f = io.open("f", "w"); f:write("x\n"); f:close(); for l in io.lines("f") do print(l) end
		os.rename("f", "g"); os.remove("g"); print(os.time() > 0, os.clock() >= 0, os.getenv("PATH") ~= nil, os.tmpname())
		local p = io.popen("echo sub"); print(p:read("a")); p:close(); os.execute("true"); print(#string.rep("x", 1e6), os.date("!%Y", 0))'
	echo 'print(1 + 1)' | "$@" lua5.4 -
	echo '1 + 1' | "$@" lua5.4 -i
	"$@" lua5.4 -e 'error("dead")'
	"$@" lua5.4 -e 'require "nothing"'
	return 0
}
