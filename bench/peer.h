/*
 * bench/peer.h - what others make of the same rules
 */
#ifndef CALLGATE_BENCH_PEER_H
#define CALLGATE_BENCH_PEER_H

#include "bpf/bpf.h"
#include "rules.h"

#include <seccomp.h>

/* libseccomp's filter context with all the rules; NULL with a message on stderr. optimize is its CTL_OPTIMIZE. */
scmp_filter_ctx peer_libseccomp(const struct rules *rules, const enum abi_arch_id *arches, size_t arch_count,
				unsigned optimize);

/* The context's program; the caller frees insns. */
bool peer_export(scmp_filter_ctx context, struct bpf_program *ret_program);

/* The ranges of numbers that one arch's function has, and how often each is met: what any search tree is built over. */
struct peer_ranges {
	VEC(struct peer_range {
		uint32_t low;
		uint32_t node;
		double weight;
	});
};
bool peer_ranges(struct arena *arena, struct diagram *diagram, uint32_t root, uint32_t audit,
		 struct peer_ranges *ret_ranges);

/*
 * Comparisons that a search tree over ranges spends on them, the sum of weight times depth: halved by numbers as
 * minijail's bst is when it is given no frequencies, and the optimal alphabetic tree, which is the least that cutting
 * alone can reach.
 */
double peer_balanced(const struct peer_ranges *ranges);
double peer_alphabetic(const struct peer_ranges *ranges);

#endif
