/*
 * Facts are rows of .def files, a line each. A row that names a syscall which the tables lack is caught by a test.
 */
#include "report/facts.h"

#include <string.h>

const char *const facts_risk_names[FACTS_RISK_COUNT] = { "kernel", "high", "medium", "low" };

bool facts_lists(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static const struct {
	const char *heading, *syscalls;
} groups[] = {
#define GROUP(heading, syscalls) { heading, syscalls },
#include "learn/groups.def"
#include "report/groups.def"
#undef GROUP
	{ "other", "" },
};

static const size_t group_count = sizeof(groups) / sizeof(*groups);

const char *facts_group(const struct abi_syscall *syscall)
{
	for (size_t i = 0; i < group_count - 1; i++)
		if (facts_lists(groups[i].syscalls, syscall->name))
			return groups[i].heading;
	return groups[group_count - 1].heading;
}

const char *facts_group_at(size_t index)
{
	return index < group_count ? groups[index].heading : NULL;
}

enum facts_risk facts_risk(const struct abi_syscall *syscall, const char **ret_why)
{
	static const struct {
		enum facts_risk level;
		const char *why, *syscalls;
	} rows[] = {
#define RISK(level, why, syscalls) { FACTS_##level, why, syscalls },
#include "report/risks.def"
#undef RISK
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!facts_lists(rows[i].syscalls, syscall->name))
			continue;
		*ret_why = rows[i].why;
		return rows[i].level;
	}
	*ret_why = "";
	return FACTS_LOW;
}

static const struct facts_cve cves[] = {
#define CVE(id, syscalls, from, until, what, source) { id, syscalls, -1, 0, from, until, what, source },
#define CVE_ARG(id, syscalls, argument, value, from, until, what, source) \
	{ id, syscalls, argument, value, from, until, what, source },
#include "report/cves.def"
#undef CVE
#undef CVE_ARG
};

size_t facts_cve_count(void)
{
	return sizeof(cves) / sizeof(*cves);
}

const struct facts_cve *facts_cve_at(size_t index)
{
	return &cves[index];
}
