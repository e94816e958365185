# shellcheck shell=bash
# php runs a script and serves one, with files, streams, a socket, and a fatal error.
work() {
	local port server
	port=$(free_port)
	"$@" php -r 'echo json_encode(array_sum(range(1, 100))), "\n"; file_put_contents("f", "x"); print_r(stat("f")["size"]);
		usleep(1000); mkdir("d"); foreach (scandir(".") as $n) echo $n; unlink("f"); rmdir("d"); echo hash("sha256", "x");
		echo getmypid() > 0, date("Y", 0), random_int(1, 1), php_uname("s"), gethostbyname("localhost");
		$p = popen("echo from a program", "r"); echo fgets($p); pclose($p); echo shell_exec("echo more");
		$s = @stream_socket_client("tcp://127.0.0.1:1"); flock(fopen("l", "w"), LOCK_EX); copy("l", "m"); rename("m", "n");'
	"$@" php -m
	"$@" php -r 'nothing_of_the_kind();'
	"$@" php /nowhere.php
	echo '<?php echo "page ", $_GET["q"] ?? "", "\n"; error_log("said");' >index.php
	"$@" php -S "127.0.0.1:$port" >server.log 2>&1 &
	server=$!
	until_answers "$server" port_open "$port" || return 1
	curl -sS "http://127.0.0.1:$port/?q=1"
	curl -sS "http://127.0.0.1:$port/index.php" -d x=1
	kill -TERM "$server"
	wait "$server"
	return 0
}
