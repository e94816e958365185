/*
 * libseccomp itself, and the two search trees over ranges that bound what minijail's layout does: minijail is not
 * packaged for Debian, so its trees are costed here over the same ranges, without its code.
 */
#include "peer.h"

#include "bpf/bpf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define X32_BIT 0x40000000u

/* Just above the numbers that rules name. */
#define NUMBERS_END 512u

static uint32_t peer_arch(enum abi_arch_id arch)
{
	return arch == ABI_X86_64 ? SCMP_ARCH_X86_64 : arch == ABI_I386 ? SCMP_ARCH_X86 : SCMP_ARCH_X32;
}

static enum scmp_compare peer_operator(const char *op)
{
	static const struct {
		const char *name;
		enum scmp_compare op;
	} operators[] = { { "SCMP_CMP_EQ", SCMP_CMP_EQ },
			  { "SCMP_CMP_LT", SCMP_CMP_LT },
			  { "SCMP_CMP_GT", SCMP_CMP_GT },
			  { "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ } };

	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++)
		if (strcmp(operators[i].name, op) == 0)
			return operators[i].op;
	abort();
}

static uint32_t peer_action(uint32_t action)
{
	if (action == SECCOMP_RET_ALLOW)
		return SCMP_ACT_ALLOW;
	return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO ? SCMP_ACT_ERRNO(action & SECCOMP_RET_DATA)
								       : SCMP_ACT_KILL;
}

static int add_rule(scmp_filter_ctx context, const struct rule *rule)
{
	struct scmp_arg_cmp conditions[6];
	int nr = seccomp_syscall_resolve_name(rule->name);

	if (nr == __NR_SCMP_ERROR)
		return 0;
	for (unsigned i = 0; i < rule->condition_count; i++)
		conditions[i] = (struct scmp_arg_cmp){ rule->conditions[i].arg, peer_operator(rule->conditions[i].op),
						       rule->conditions[i].value, rule->conditions[i].value2 };
	return seccomp_rule_add_array(context, peer_action(rule->action), nr, rule->condition_count, conditions);
}

scmp_filter_ctx peer_libseccomp(const struct rules *rules, const enum abi_arch_id *arches, size_t arch_count,
				unsigned optimize)
{
	scmp_filter_ctx context = seccomp_init(peer_action(rules->otherwise));
	int status = context ? 0 : -1;

	for (size_t i = 1; i < arch_count && status == 0; i++)
		status = seccomp_arch_add(context, peer_arch(arches[i]));
	if (status == 0 && optimize != 1)
		status = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, optimize);
	for (size_t i = 0; i < rules->length && status == 0; i++)
		if (rules->items[i].action != rules->otherwise)
			status = add_rule(context, &rules->items[i]);
	if (status == 0)
		return context;
	fprintf(stderr, "libseccomp: %s\n", strerror(-status));
	if (context)
		seccomp_release(context);
	return NULL;
}

bool peer_export(scmp_filter_ctx context, struct bpf_program *ret_program)
{
	int fd = memfd_create("bpf", MFD_CLOEXEC);
	struct sock_filter *insns = NULL;
	off_t size = -1;

	if (fd >= 0 && seccomp_export_bpf(context, fd) == 0)
		size = lseek(fd, 0, SEEK_END);
	if (size > 0)
		insns = malloc((size_t)size);
	if (insns && pread(fd, insns, (size_t)size, 0) != size) {
		free(insns);
		insns = NULL;
	}
	if (fd >= 0)
		close(fd);
	if (insns)
		*ret_program = (struct bpf_program){ insns, (size_t)size / sizeof(*insns) };
	return insns;
}

static bool add_number(struct arena *arena, struct diagram *diagram, uint32_t numbers, uint32_t nr,
		       struct peer_ranges *ranges)
{
	uint32_t node = diagram_restrict(diagram, numbers, DIAGRAM_NR, nr);

	if (ranges->length && ranges->items[ranges->length - 1].node == node)
		return true;
	return VEC_PUSH(arena, ranges, ((struct peer_range){ nr, node, 0 }));
}

bool peer_ranges(struct arena *arena, struct diagram *diagram, uint32_t root, uint32_t audit,
		 struct peer_ranges *ret_ranges)
{
	uint32_t numbers = diagram_restrict(diagram, root, DIAGRAM_ARCH, audit);

	*ret_ranges = (struct peer_ranges){ 0 };
	for (uint32_t nr = 0; nr < 1024; nr++)
		if (!add_number(arena, diagram, numbers, nr, ret_ranges))
			return false;
	return add_number(arena, diagram, numbers, X32_BIT, ret_ranges) &&
	       add_number(arena, diagram, numbers, UINT32_MAX, ret_ranges);
}

/* The ranges, cut where the numbers on both sides are most nearly as many. */
static double halve(const struct peer_range *ranges, size_t count, uint32_t end)
{
	uint32_t middle = (ranges[0].low < NUMBERS_END ? ranges[0].low : NUMBERS_END) / 2 + end / 2;
	double weight = 0;
	size_t cut = 1;

	if (count < 2)
		return 0;
	while (cut + 1 < count && ranges[cut].low < middle)
		cut++;
	if (cut > 1 && middle - ranges[cut - 1].low < ranges[cut].low - middle)
		cut--;
	for (size_t i = 0; i < count; i++)
		weight += ranges[i].weight;
	return weight + halve(ranges, cut, ranges[cut].low) + halve(ranges + cut, count - cut, end);
}

double peer_balanced(const struct peer_ranges *ranges)
{
	return halve(ranges->items, ranges->length, NUMBERS_END);
}

double peer_alphabetic(const struct peer_ranges *ranges)
{
	size_t n = ranges->length;
	double *cost = calloc(n * n, sizeof(*cost)), result;

	if (!cost)
		abort();
	for (size_t length = 1; length < n; length++)
		for (size_t i = 0; i + length < n; i++) {
			double weight = 0, best = -1;

			for (size_t k = i; k <= i + length; k++)
				weight += ranges->items[k].weight;
			for (size_t k = i; k < i + length; k++)
				if (best < 0 || cost[i * n + k] + cost[(k + 1) * n + i + length] < best)
					best = cost[i * n + k] + cost[(k + 1) * n + i + length];
			cost[i * n + i + length] = weight + best;
		}
	result = cost[n - 1];
	free(cost);
	return result;
}
