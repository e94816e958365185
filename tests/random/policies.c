/*
 * What is random is the generator's; what a target can never say is taken out, since it is the rules that are tried.
 */
#include "generate.h"
#include "policies.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void random_policy(uint64_t seed, struct buf *text)
{
	static const char *const defaults[] = { "errno EPERM", "kill-process", "allow", "errno ENOSYS" };
	cleanup(buf_fini) struct buf random = { 0 };
	struct generator generator;
	const char *rules;

	generator_init(&generator, seed);
	generate_policy(&generator, &random);
	rules = strstr(buf_text(&random), "\ndefault ") + 1;
	rules = strchr(rules, '\n') + 1;
	while (strncmp(rules, "newer ", 6) == 0 || strncmp(rules, "foreign ", 8) == 0)
		rules = strchr(rules, '\n') + 1;
	buf_printf(text, "kernel 7.1\narch x86_64\ndefault %s\nnewer %s\nforeign kill-thread\n%s", defaults[seed % 4],
		   defaults[seed % 4], rules);
}

static void show_policy(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		printf("#   %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

int random_main(int argc, char **argv, bool (*try_policy)(const char *text, void *context),
		bool (*finish)(void *context), void *context)
{
	uint64_t seed, count;
	unsigned failed = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: %s SEED COUNT\n", argv[0]);
		return 2;
	}
	seed = strtoull(argv[1], NULL, 0);
	count = strtoull(argv[2], NULL, 0);
	for (uint64_t i = 0; i < count; i++) {
		cleanup(buf_fini) struct buf text = { 0 };

		random_policy(seed + i, &text);
		if (try_policy(buf_text(&text), context))
			continue;
		show_policy(buf_text(&text));
		printf("not ok %u - seed %" PRIu64 "\n", ++failed, seed + i);
	}
	if (!finish(context) && !failed)
		printf("not ok %u - enough was tried\n", ++failed);
	if (!failed)
		printf("ok 1 - %" PRIu64 " policies from seed %" PRIu64 "\n", count, seed);
	printf("1..%u\n", failed ? failed : 1);
	return failed != 0;
}
