# shellcheck shell=bash
# ssh-keygen makes keys, shows them, changes a passphrase, signs and verifies, and meets damage.
work() {
	"$@" ssh-keygen -q -t ed25519 -N '' -f ed -C comment
	"$@" ssh-keygen -q -t rsa -b 2048 -N secret -f rsa
	"$@" ssh-keygen -lvf ed.pub
	"$@" ssh-keygen -p -P secret -N other -f rsa
	"$@" ssh-keygen -y -f ed
	"$@" ssh-keygen -e -m PEM -f ed.pub
	echo text >text
	"$@" ssh-keygen -Y sign -f ed -n file text
	echo "me $(cat ed.pub)" >allowed
	"$@" ssh-keygen -Y verify -f allowed -I me -n file -s text.sig <text
	"$@" ssh-keygen -s ed -I id -n me rsa.pub
	"$@" ssh-keygen -H -f allowed
	"$@" ssh-keygen -y -f text
	"$@" ssh-keygen -y -f /nowhere
	return 0
}
