# shellcheck shell=bash
# openssl makes keys and certificates, signs, encrypts, measures, and serves TLS to itself.
work() {
	local port server
	port=$(free_port)
	echo text >text
	"$@" openssl version -a
	"$@" openssl rand -hex 16
	"$@" openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
	"$@" openssl genpkey -algorithm ED25519 -out ed.pem
	"$@" openssl req -x509 -new -key rsa.pem -subj /CN=localhost -days 2 -out cert.pem
	"$@" openssl x509 -in cert.pem -noout -text
	"$@" openssl dgst -sha256 -sign rsa.pem -out sig text
	"$@" openssl enc -aes-256-cbc -pbkdf2 -k secret -in text -out text.enc
	"$@" openssl enc -d -aes-256-cbc -pbkdf2 -k wrong -in text.enc
	"$@" openssl list -providers
	"$@" openssl list -providers -provider legacy
	"$@" openssl speed -seconds 1 -bytes 64 sha256
	"$@" openssl x509 -in /nowhere
	"$@" openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key rsa.pem -www >server.log 2>&1 &
	server=$!
	until_answers "$server" port_open "$port" || return 1
	printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -quiet -connect "127.0.0.1:$port" >client.log 2>&1
	kill "$server"
	wait "$server"
	"$@" openssl s_client -connect 127.0.0.1:1 </dev/null
	return 0
}
