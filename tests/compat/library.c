/*
 * Both libraries have the same names, so each is opened apart from the program's own symbols and called by pointers.
 */
#include "library.h"

#include "bpf/bpf.h"
#include "prove/prove.h"
#include "unit.h"

#include <dlfcn.h>
#include <endian.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void find(void *handle, const char *name, void *ret_function)
{
	*(void **)ret_function = dlsym(handle, name);
	assert_non_null(*(void **)ret_function);
}

static void find_all(struct library *l)
{
	find(l->handle, "seccomp_init", &l->init);
	find(l->handle, "seccomp_reset", &l->reset);
	find(l->handle, "seccomp_release", &l->release);
	find(l->handle, "seccomp_merge", &l->merge);
	find(l->handle, "seccomp_arch_resolve_name", &l->arch_resolve_name);
	find(l->handle, "seccomp_arch_native", &l->arch_native);
	find(l->handle, "seccomp_arch_exist", &l->arch_exist);
	find(l->handle, "seccomp_arch_add", &l->arch_add);
	find(l->handle, "seccomp_arch_remove", &l->arch_remove);
	find(l->handle, "seccomp_attr_get", &l->attr_get);
	find(l->handle, "seccomp_attr_set", &l->attr_set);
	find(l->handle, "seccomp_syscall_resolve_num_arch", &l->resolve_num_arch);
	find(l->handle, "seccomp_syscall_resolve_name_arch", &l->resolve_name_arch);
	find(l->handle, "seccomp_syscall_resolve_name_rewrite", &l->resolve_name_rewrite);
	find(l->handle, "seccomp_syscall_resolve_name", &l->resolve_name);
	find(l->handle, "seccomp_syscall_priority", &l->priority);
	find(l->handle, "seccomp_rule_add", &l->rule_add);
	find(l->handle, "seccomp_rule_add_array", &l->rule_add_array);
	find(l->handle, "seccomp_rule_add_exact_array", &l->rule_add_exact_array);
	find(l->handle, "seccomp_export_bpf", &l->export_bpf);
	find(l->handle, "seccomp_export_pfc", &l->export_pfc);
	find(l->handle, "seccomp_api_get", &l->api_get);
	find(l->handle, "seccomp_api_set", &l->api_set);
}

static const struct library *open_library(const char *path, struct library *library)
{
	if (!library->handle) {
		library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (!library->handle)
			return NULL;
		find_all(library);
		/* As if the kernel were one that has all that both know. */
		assert_int_equal(library->api_set(6), 0);
	}
	return library;
}

const struct library *library_system(void)
{
	static struct library library;

	return open_library(SYSTEM_LIBRARY, &library);
}

const struct library *library_ours(void)
{
	static struct library library;
	const struct library *opened = open_library(TEST_LIBSECCOMP, &library);

	if (!opened)
		print_message("%s\n", dlerror());
	assert_non_null(opened);
	return opened;
}

/* For free(). */
static struct sock_filter *read_export(const struct library *library, scmp_filter_ctx context, size_t *ret_length)
{
	int fd = memfd_create("export", MFD_CLOEXEC);
	struct sock_filter *insns;
	off_t size;

	assert_true(fd >= 0);
	assert_int_equal(library->export_bpf(context, fd), 0);
	size = lseek(fd, 0, SEEK_END);
	assert_true(size > 0);
	insns = malloc((size_t)size);
	assert_non_null(insns);
	assert_int_equal(pread(fd, insns, (size_t)size, 0), size);
	close(fd);
	*ret_length = (size_t)size / sizeof(*insns);
	return insns;
}

/* What libseccomp itself writes; its readers know no more. */
static void check_instructions(const struct sock_filter *insns, size_t length)
{
	static const uint16_t known[] = { BPF_LD | BPF_W | BPF_ABS,  BPF_ALU | BPF_AND | BPF_K,
					  BPF_ALU | BPF_OR | BPF_K,  BPF_JMP | BPF_JA,
					  BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_K,
					  BPF_JMP | BPF_JGE | BPF_K, BPF_RET | BPF_K };

	for (size_t i = 0; i < length; i++) {
		bool is_known = false;

		for (size_t j = 0; j < sizeof(known) / sizeof(*known); j++)
			is_known = is_known || insns[i].code == known[j];
		assert_true(is_known);
	}
}

uint32_t library_meaning(const struct library *library, scmp_filter_ctx context, bool big_endian,
			 struct diagram *diagram)
{
	struct callgate_error err = { 0 };
	size_t length;
	struct sock_filter *insns = read_export(library, context, &length);
	uint32_t root = DIAGRAM_NONE;

	for (size_t i = 0; i < length; i++) {
		insns[i].code = big_endian ? be16toh(insns[i].code) : le16toh(insns[i].code);
		insns[i].k = big_endian ? be32toh(insns[i].k) : le32toh(insns[i].k);
	}
	check_instructions(insns, length);
	if (bpf_check(insns, length, &err) || prove_lift(diagram, insns, length, &root, &err))
		print_message("%s\n", err.message);
	free(insns);
	assert_int_not_equal(root, DIAGRAM_NONE);
	return root;
}
