/*
 * compat/libseccomp/interface.h - the interface that programs linked with libseccomp.so.2 have compiled in
 *
 * Values and layouts are those of seccomp.h(0) up to release 2.6; what each function does is told by its man page in
 * section 3. Functions return 0 or a negative errno: EINVAL for what cannot be meant, EACCES for what is not allowed,
 * EDOM for what an arch cannot have, EEXIST, EOPNOTSUPP for what the API level lacks, ERANGE for a short buffer,
 * ENOMEM, ECANCELED where the kernel refused (its own errno with SYSRAWRC), EFAULT for a failure of our own.
 */
#ifndef CALLGATE_COMPAT_INTERFACE_H
#define CALLGATE_COMPAT_INTERFACE_H

#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

enum scmp_filter_attr {
	SCMP_FLTATR_ACT_DEFAULT = 1,
	SCMP_FLTATR_ACT_BADARCH,
	SCMP_FLTATR_CTL_NNP,
	SCMP_FLTATR_CTL_TSYNC,
	SCMP_FLTATR_API_TSKIP,
	SCMP_FLTATR_CTL_LOG,
	SCMP_FLTATR_CTL_SSB,
	SCMP_FLTATR_CTL_OPTIMIZE,
	SCMP_FLTATR_API_SYSRAWRC,
	SCMP_FLTATR_CTL_WAITKILL,
	SCMP_FLTATR_END,
};

enum scmp_compare {
	SCMP_CMP_NE = 1,
	SCMP_CMP_LT,
	SCMP_CMP_LE,
	SCMP_CMP_EQ,
	SCMP_CMP_GE,
	SCMP_CMP_GT,
	SCMP_CMP_MASKED_EQ,
	SCMP_CMP_END,
};

#define SCMP_ARCH_NATIVE 0
#define SCMP_SYS_ERROR	 (-1) /* no such call */
#define SCMP_SYS_SKIP	 (-1) /* the number that a tracer sets to have a call skipped */

struct scmp_version {
	unsigned int major, minor, micro;
};

/* Passed by value to the functions with an ellipsis. */
struct scmp_arg_cmp {
	unsigned int arg;
	enum scmp_compare op;
	uint64_t datum_a, datum_b; /* MASKED_EQ: mask and value */
};

struct context;

EXPORT const struct scmp_version *seccomp_version(void);
EXPORT unsigned int seccomp_api_get(void);
EXPORT int seccomp_api_set(unsigned int level);

EXPORT struct context *seccomp_init(uint32_t action);
EXPORT int seccomp_reset(struct context *context, uint32_t action);
EXPORT void seccomp_release(struct context *context);
EXPORT int seccomp_merge(struct context *to, struct context *from);

EXPORT uint32_t seccomp_arch_resolve_name(const char *name);
EXPORT uint32_t seccomp_arch_native(void);
EXPORT int seccomp_arch_exist(const struct context *context, uint32_t token);
EXPORT int seccomp_arch_add(struct context *context, uint32_t token);
EXPORT int seccomp_arch_remove(struct context *context, uint32_t token);

EXPORT int seccomp_attr_get(const struct context *context, enum scmp_filter_attr attribute, uint32_t *ret_value);
EXPORT int seccomp_attr_set(struct context *context, enum scmp_filter_attr attribute, uint32_t value);

EXPORT char *seccomp_syscall_resolve_num_arch(uint32_t token, int number);
EXPORT int seccomp_syscall_resolve_name_arch(uint32_t token, const char *name);
EXPORT int seccomp_syscall_resolve_name_rewrite(uint32_t token, const char *name);
EXPORT int seccomp_syscall_resolve_name(const char *name);
EXPORT int seccomp_syscall_priority(struct context *context, int number, uint8_t priority);

EXPORT int seccomp_rule_add(struct context *context, uint32_t action, int number, unsigned int count, ...);
EXPORT int seccomp_rule_add_array(struct context *context, uint32_t action, int number, unsigned int count,
				  const struct scmp_arg_cmp *comparisons);
EXPORT int seccomp_rule_add_exact(struct context *context, uint32_t action, int number, unsigned int count, ...);
EXPORT int seccomp_rule_add_exact_array(struct context *context, uint32_t action, int number, unsigned int count,
					const struct scmp_arg_cmp *comparisons);

EXPORT int seccomp_load(struct context *context);
EXPORT int seccomp_precompute(struct context *context);
EXPORT int seccomp_export_bpf(const struct context *context, int fd);
EXPORT int seccomp_export_bpf_mem(const struct context *context, void *buffer, size_t *length);
EXPORT int seccomp_export_pfc(const struct context *context, int fd);

EXPORT int seccomp_transaction_start(struct context *context);
EXPORT void seccomp_transaction_reject(struct context *context);
EXPORT int seccomp_transaction_commit(struct context *context);

EXPORT int seccomp_notify_alloc(struct seccomp_notif **ret_request, struct seccomp_notif_resp **ret_response);
EXPORT void seccomp_notify_free(struct seccomp_notif *request, struct seccomp_notif_resp *response);
EXPORT int seccomp_notify_receive(int fd, struct seccomp_notif *request);
EXPORT int seccomp_notify_respond(int fd, struct seccomp_notif_resp *response);
EXPORT int seccomp_notify_id_valid(int fd, uint64_t id);
EXPORT int seccomp_notify_fd(const struct context *context);
/* The number that the descriptor has in the target. Newer than release 2.6. */
EXPORT int seccomp_notify_addfd(int fd, struct seccomp_notif_addfd *addfd);

#endif
