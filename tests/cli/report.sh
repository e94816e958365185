# shellcheck shell=bash disable=SC2154
# profile --report: a page that holds all it needs, in which names are text, and which says what changed.
here_page=$here/../../src/report/page
learn() { "$CALLGATE" learn "$@" >/dev/null 2>&1 </dev/null; }

# A program whose name would be code, were it ever taken for that.
mkdir -p 'a<' && mkdir -p 'a</script><img src=x onerror=attacked=1>'
cp "$(command -v dash || command -v sh)" 'a</script><img src=x onerror=attacked=1>/"&'"'"
learn -o a.policy -- './a</script><img src=x onerror=attacked=1>/"&'"'" -c 'cd /; echo x >/dev/null'
learn -o b.policy -- sh -c 'umask 22; cd /'

expect 0 'a page is made' callgate profile --report a.html --scan a.policy.evidence
stdout_is ''
check '  the name stands there as text' grep -q 'a&lt;/script&gt;&lt;img src=x onerror=attacked=1&gt;' a.html
check '  and nowhere as an element' not grep -q '<img' a.html
check '  nothing is loaded from elsewhere' not grep -qE '(src|href)="[^#]' a.html
check '  what could be done is in it, with its way' grep -q 'How <code>.* comes to it' a.html
check '  and what lay behind' grep -q 'CVE-2022-0847' a.html
expect 0 'the same evidence makes the same page on the same day' \
	env SOURCE_DATE_EPOCH=0 "$CALLGATE" profile --report one.html b.policy.evidence
SOURCE_DATE_EPOCH=0 callgate profile --report two.html b.policy.evidence 2>/dev/null
check '  byte by byte' cmp one.html two.html
check '  and says which' grep -q 'Made on  1 January 1970' one.html
expect 0 'a policy in force is told of' callgate profile --report force.html --policy b.policy --title 'A <b> title' b.policy.evidence
check '  under a title that is text' grep -q '<h1>A &lt;b&gt; title</h1>' force.html
expect 0 'what changed since a page' callgate profile --report new.html --since one.html b.policy.evidence
check '  is nothing here' grep -q 'Nothing: the same calls' new.html
learn -o b.policy --append -- sh -c 'kill -0 $$; umask 22; cd /'
expect 0 'what changed since that page' callgate profile --report new.html --since one.html b.policy.evidence
check '  is the call that is new' grep -q '>seen</span></td><th scope="row"><code>kill' new.html
expect 0 'what changed since evidence' callgate profile --report new.html --since a.policy.evidence b.policy.evidence
check '  is told too' grep -q 'a program that was not there' new.html

expect 2 'a page that is damaged is refused' callgate profile --report new.html --since <(sed 's/"version":1/"version":9/' one.html) b.policy.evidence
stderr_has 'this is not a report'
expect 2 'what is neither a page nor evidence' callgate profile --report no.html --since b.policy b.policy.evidence
check '  leaves no page' test ! -e no.html
expect 2 'a policy that does not read' callgate profile --report no.html --policy one.html b.policy.evidence
expect 2 'what asks for a page without one' callgate profile --since one.html b.policy.evidence
stderr_has '\-\-report'

check 'the charts are the ones that were fetched' sh -c 'cd "$1" && sha256sum --check --quiet d3.sha256' sh "$here_page"

# As people see it.
for page in a force; do
	"$here/browser.py" "$page.html" "$page.png" >browser.tap 2>browser.err
	status=$?
	if [ $status = 77 ]; then
		skip "$page.html in a browser" "$(tail -n 1 browser.tap)"
		continue
	fi
	cp browser.tap out
	cp browser.err err
	check "$page.html in a browser" test $status = 0
	while read -r line; do
		case $line in
		'ok - '*) count=$((count + 1)) && echo "ok $count - $page.html: ${line#ok - }" ;;
		'not ok - '*) count=$((count + 1)) && failures=$((failures + 1)) && echo "not ok $count - $page.html: ${line#not ok - }" ;;
		*) echo "# $line" ;;
		esac
	done <browser.tap
done
