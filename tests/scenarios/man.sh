# shellcheck shell=bash
# man finds, formats and shows a page that it is given, through groff; it puts a filter of its own on its helpers.
work() {
	printf '.TH X 1\n.SH NAME\nx \\- a page\n.SH TABLE\n.TS\nl l.\na\tb\n.TE\n' >x.1
	"$@" man -P cat ./x.1
	"$@" man -Tutf8 -l x.1
	"$@" man -w ls
	"$@" man nothing_of_the_kind
	"$@" mandb --version
	return 0
}
