/*
 * Instructions executed a call, length, and calls that the kernel's bitmap answers: exact counts, of libseccomp's
 * filter and of ours for the very same function (libseccomp's, lifted). Prints lines of tab-separated fields.
 *
 *	filters FOLDER            the folder that has policies/ and traces/
 */
#include "frequency.h"
#include "peer.h"
#include "prove/prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum abi_arch_id arches[] = { ABI_X86_64, ABI_I386, ABI_X32 };
static const char *const traces[] = { "curl", "gcc", "git", "nginx", "python3", "redis", "sqlite3" };

enum { TRACES = sizeof(traces) / sizeof(*traces) };

static struct arena arena;
static struct diagram *diagram;
static struct frequency frequencies[TRACES];
static const char *folder;

static void *need(void *pointer)
{
	if (!pointer)
		exit(EXIT_FAILURE);
	return pointer;
}

static struct rules read_rules(const char *policy)
{
	struct rules rules;
	char path[512];

	snprintf(path, sizeof(path), "%s/policies/%s.rules", folder, policy);
	if (!rules_read(path, &arena, &rules))
		exit(EXIT_FAILURE);
	return rules;
}

static struct bpf_program peer_program(const struct rules *rules, size_t arch_count, unsigned optimize)
{
	scmp_filter_ctx context = need(peer_libseccomp(rules, arches, arch_count, optimize));
	struct bpf_program program;

	if (!peer_export(context, &program))
		exit(EXIT_FAILURE);
	seccomp_release(context);
	return program;
}

static uint32_t lift(const struct bpf_program *program)
{
	struct callgate_error err;
	uint32_t root;

	if (prove_lift(diagram, program->insns, program->length, &root, &err) == CALLGATE_OK)
		return root;
	fprintf(stderr, "lift: %s\n", err.message);
	exit(EXIT_FAILURE);
}

/* Our program of a function, proved. */
static struct bpf_program our_program(uint32_t root, const struct codegen_options *options)
{
	struct bpf_program program;
	struct callgate_error err;

	if (codegen_program(diagram, root, options, &program, &err) != CALLGATE_OK) {
		fprintf(stderr, "codegen: %s\n", err.message);
		exit(EXIT_FAILURE);
	}
	if (lift(&program) != root) {
		fprintf(stderr, "codegen: the program means something else\n");
		exit(EXIT_FAILURE);
	}
	return program;
}

static unsigned executed(const struct bpf_program *program, const struct seccomp_data *data)
{
	unsigned count;

	bpf_simulate(program->insns, program->length, data, &count);
	return count;
}

static double trace_mean(const struct bpf_program *program, const struct frequency *frequency)
{
	double sum = 0;

	for (size_t i = 0; i < frequency->length; i++) {
		struct seccomp_data data = { .nr = (int)frequency->items[i].nr, .arch = frequency->items[i].audit };

		sum += frequency->items[i].count * executed(program, &data);
	}
	return sum / frequency->total;
}

/* What a call whose number is decided then spends on its arguments, as we do it. */
static unsigned argument_cost(uint32_t root, const struct codegen_weight *call)
{
	uint32_t node = diagram_restrict(diagram, diagram_restrict(diagram, root, DIAGRAM_ARCH, call->audit),
					 DIAGRAM_NR, call->nr);
	struct bpf_program program = our_program(node, NULL);
	unsigned count = executed(&program, &(struct seccomp_data){ .nr = (int)call->nr, .arch = call->audit });

	free(program.insns);
	return count - 1;
}

/* What a search tree over ranges would execute: arch, nr and return are four, the arguments cost what they cost us. */
static double tree_mean(uint32_t root, const struct frequency *frequency, double (*tree)(const struct peer_ranges *))
{
	struct peer_ranges ranges;
	double arguments = 0;

	if (!peer_ranges(&arena, diagram, root, frequency->items[0].audit, &ranges))
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < frequency->length; i++) {
		size_t at = ranges.length - 1;

		while (ranges.items[at].low > frequency->items[i].nr)
			at--;
		ranges.items[at].weight += frequency->items[i].count;
		arguments += frequency->items[i].count * argument_cost(root, &frequency->items[i]);
	}
	return 4 + (tree(&ranges) + arguments) / frequency->total;
}

static void print_traces(void)
{
	struct rules rules = read_rules("docker");
	struct bpf_program first = peer_program(&rules, 1, 1), second = peer_program(&rules, 1, 2);
	uint32_t root = lift(&first);
	struct bpf_program plain = our_program(root, &(struct codegen_options){ .no_bitmap = true });

	for (size_t i = 0; i < TRACES; i++) {
		const struct frequency *frequency = &frequencies[i];
		struct codegen_options options = { .weights = frequency->items,
						   .weight_count = frequency->length,
						   .no_bitmap = true };
		struct bpf_program weighed = our_program(root, &options);

		printf("trace\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\n", traces[i], trace_mean(&first, frequency),
		       trace_mean(&second, frequency), tree_mean(root, frequency, peer_balanced),
		       trace_mean(&plain, frequency), tree_mean(root, frequency, peer_alphabetic),
		       trace_mean(&weighed, frequency));
		free(weighed.insns);
	}
	free(first.insns);
	free(second.insns);
	free(plain.insns);
}

/* Arguments of which the rule holds. */
static void satisfy(const struct rule *rule, struct seccomp_data *data)
{
	for (unsigned i = 0; i < rule->condition_count; i++) {
		const struct rule_condition *c = &rule->conditions[i];

		data->args[c->arg] = strcmp(c->op, "SCMP_CMP_MASKED_EQ") == 0 ? c->value2 : c->value;
	}
}

/* The mean over the conditional rules (of one name, or all), each met once. */
static double conditional_mean(const struct bpf_program *program, const struct rules *rules, const char *name)
{
	double sum = 0, count = 0;

	for (size_t i = 0; i < rules->length; i++) {
		const struct rule *rule = &rules->items[i];
		struct seccomp_data data = { .arch = abi_arch(ABI_X86_64)->audit };

		if (rule->condition_count == 0 || (name && strcmp(rule->name, name) != 0))
			continue;
		data.nr = abi_syscall_by_name(rule->name)->nr[ABI_X86_64];
		satisfy(rule, &data);
		sum += executed(program, &data);
		count++;
	}
	return sum / count;
}

static void print_conditional(const char *policy, const char *name)
{
	struct rules rules = read_rules(policy);
	struct bpf_program first = peer_program(&rules, 1, 1), second = peer_program(&rules, 1, 2);
	uint32_t root = lift(&first), audit = abi_arch(ABI_X86_64)->audit;
	struct codegen_weight weight = { audit, name ? (uint32_t)abi_syscall_by_name(name)->nr[ABI_X86_64] : 0, 1 };
	struct bpf_program ours = our_program(root, NULL);
	struct bpf_program weighed =
		our_program(root, name ? &(struct codegen_options){ .weights = &weight, .weight_count = 1 } : NULL);

	printf("conditional\t%s\t%s\t%.2f\t%.2f\t%.2f\t%.2f\n", policy, name ? name : "all",
	       conditional_mean(&first, &rules, name), conditional_mean(&second, &rules, name),
	       conditional_mean(&ours, &rules, name), conditional_mean(&weighed, &rules, name));
	free(first.insns);
	free(second.insns);
	free(ours.insns);
	free(weighed.insns);
}

/* Numbers of an arch that the kernel's bitmap answers, and those that it could. */
static unsigned count_cached(const struct bpf_program *program, uint32_t audit)
{
	unsigned count = 0;

	for (uint32_t nr = 0; nr < 512; nr++)
		count += bpf_is_cacheable(program->insns, program->length, audit, nr, NULL);
	return count;
}

static unsigned count_allowed(uint32_t root, uint32_t audit)
{
	uint32_t numbers = diagram_restrict(diagram, root, DIAGRAM_ARCH, audit);
	unsigned count = 0;

	for (uint32_t nr = 0; nr < 512; nr++)
		count += diagram_restrict(diagram, numbers, DIAGRAM_NR, nr) ==
			 diagram_terminal(diagram, SECCOMP_RET_ALLOW);
	return count;
}

static void print_length(const char *policy, size_t arch_count)
{
	struct rules rules = read_rules(policy);
	struct bpf_program first = peer_program(&rules, arch_count, 1), second = peer_program(&rules, arch_count, 2);
	uint32_t root = lift(&first);
	struct bpf_program plain = our_program(root, &(struct codegen_options){ .no_bitmap = true });
	struct bpf_program ours = our_program(root, NULL);
	uint32_t audit = abi_arch(ABI_X86_64)->audit;

	printf("length\t%s\t%zu\t%zu\t%zu\t%zu\t%zu\n", policy, arch_count, first.length, second.length, plain.length,
	       ours.length);
	printf("cached\t%s\t%zu\t%u\t%u\n", policy, arch_count, count_allowed(root, audit), count_cached(&ours, audit));
	free(first.insns);
	free(second.insns);
	free(plain.insns);
	free(ours.insns);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	folder = argv[1];
	diagram = need(diagram_new(0));
	for (size_t i = 0; i < TRACES; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/traces/%s.freq", folder, traces[i]);
		if (!frequency_read(path, &arena, &frequencies[i]))
			return EXIT_FAILURE;
	}
	print_traces();
	print_conditional("vmm", NULL);
	print_conditional("vmm64", NULL);
	print_conditional("vmm", "futex");
	print_conditional("vmm64", "futex");
	print_length("docker", 1);
	print_length("docker", 3);
	print_length("vmm", 1);
	print_length("vmm64", 1);
	diagram_free(diagram);
	arena_fini(&arena);
	return 0;
}
