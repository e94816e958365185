/*
 * Contexts: made, put back to the beginning, joined, released. All that can fail works on a copy or counts what it
 * added, so that a context whose change failed is as it was.
 */
#include "context.h"

#include "level.h"
#include "notify.h"
#include "transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As libseccomp has it: one less than the kernel's. */
#define ERRNO_MAX 4094u

bool action_is_valid(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ERRNO:
		return (action & SECCOMP_RET_DATA) <= ERRNO_MAX;
	case SECCOMP_RET_TRACE:
		return true;
	}
	switch (action) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_KILL_THREAD:
		return true;
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_KILL_PROCESS:
		return level_now() >= LEVEL_LOG;
	case SECCOMP_RET_USER_NOTIF:
		return level_now() >= LEVEL_NOTIFY;
	}
	return false;
}

bool context_is_alive(const struct context *context)
{
	return context && context->magic == CONTEXT_MAGIC;
}

bool context_is_valid(const struct context *context)
{
	return context_is_alive(context) && context->content.filter_count > 0;
}

void context_forget_program(struct context *context)
{
	free(context->precomputed.insns);
	context->precomputed = (struct bpf_program){ 0 };
}

int context_kernel_error(const struct context *context, int error)
{
	errno = error;
	return context->content.attributes[SCMP_FLTATR_API_SYSRAWRC] ? -error : -ECANCELED;
}

const struct filter *context_filter(const struct context *context, const struct token *token)
{
	for (size_t i = 0; i < context->content.filter_count; i++)
		if (context->content.filters[i].token == token)
			return &context->content.filters[i];
	return NULL;
}

static bool content_has_notify(const struct content *content)
{
	if (content->attributes[SCMP_FLTATR_ACT_DEFAULT] == SECCOMP_RET_USER_NOTIF ||
	    content->attributes[SCMP_FLTATR_ACT_BADARCH] == SECCOMP_RET_USER_NOTIF)
		return true;
	for (size_t i = 0; i < content->filter_count; i++)
		for (size_t j = 0; j < content->filters[i].count; j++)
			if (content->filters[i].rules[j].action == SECCOMP_RET_USER_NOTIF)
				return true;
	return false;
}

bool context_has_notify(const struct context *context)
{
	return content_has_notify(&context->content);
}

/* Room for one more item. */
static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 16, bytes;
	void *grown;

	if (count < *capacity)
		return items;
	if (__builtin_mul_overflow(wanted, size, &bytes))
		return NULL;
	grown = realloc(items, bytes);
	if (grown)
		*capacity = wanted;
	return grown;
}

int filter_push(struct filter *filter, const struct rule *rule)
{
	struct rule *grown = grow(filter->rules, filter->count, &filter->capacity, sizeof(*rule));

	if (!grown)
		return -ENOMEM;
	filter->rules = grown;
	filter->rules[filter->count++] = *rule;
	filter->seen[(uint32_t)rule->number % NUMBERS_SEEN / 64] |= UINT64_C(1) << ((uint32_t)rule->number % 64);
	return 0;
}

bool filter_may_have(const struct filter *filter, int number)
{
	return filter->seen[(uint32_t)number % NUMBERS_SEEN / 64] >> ((uint32_t)number % 64) & 1;
}

void content_fini(struct content *content)
{
	for (size_t i = 0; i < content->filter_count; i++)
		free(content->filters[i].rules);
	free(content->priorities);
	*content = (struct content){ 0 };
}

static void *copy_items(const void *items, size_t count, size_t size)
{
	void *copy = calloc(count ? count : 1, size);

	if (copy && count)
		memcpy(copy, items, count * size);
	return copy;
}

int content_copy(const struct content *from, struct content *ret_content)
{
	struct content copy = *from;
	bool complete = true;

	copy.priorities = copy_items(from->priorities, from->priority_count, sizeof(*from->priorities));
	copy.priority_capacity = from->priority_count;
	complete = copy.priorities;
	for (size_t i = 0; i < from->filter_count; i++) {
		struct filter *filter = &copy.filters[i];

		filter->rules = copy_items(filter->rules, filter->count, sizeof(*filter->rules));
		filter->capacity = filter->count;
		complete = complete && filter->rules;
	}
	if (!complete) {
		content_fini(&copy);
		return -ENOMEM;
	}
	*ret_content = copy;
	return 0;
}

static void content_init(struct content *content, uint32_t action)
{
	*content = (struct content){ .filters = { { .token = token_native() } }, .filter_count = 1 };
	content->attributes[SCMP_FLTATR_ACT_DEFAULT] = action;
	content->attributes[SCMP_FLTATR_ACT_BADARCH] = SECCOMP_RET_KILL_THREAD;
	content->attributes[SCMP_FLTATR_CTL_NNP] = 1;
	content->attributes[SCMP_FLTATR_CTL_OPTIMIZE] = 1;
}

struct context *seccomp_init(uint32_t action)
{
	struct context *context = action_is_valid(action) ? calloc(1, sizeof(*context)) : NULL;

	if (!context)
		return NULL;
	context->magic = CONTEXT_MAGIC;
	content_init(&context->content, action);
	return context;
}

int seccomp_reset(struct context *context, uint32_t action)
{
	if (!context) {
		level_reset();
		notify_reset();
		return 0;
	}
	if (!context_is_alive(context) || !action_is_valid(action))
		return -EINVAL;
	context_forget_program(context);
	transaction_drop_all(context);
	content_fini(&context->content);
	content_init(&context->content, action);
	return 0;
}

void seccomp_release(struct context *context)
{
	if (!context_is_alive(context))
		return;
	context_forget_program(context);
	transaction_drop_all(context);
	content_fini(&context->content);
	context->magic = 0;
	free(context);
}

/* 0, or why one filter cannot be for the arches of both. */
static int check_arches(const struct context *to, const struct context *from)
{
	if (to->content.filters[0].token->big_endian != from->content.filters[0].token->big_endian)
		return -EDOM;
	for (size_t i = 0; i < from->content.filter_count; i++)
		if (context_filter(to, from->content.filters[i].token))
			return -EEXIST;
	return 0;
}

int content_push_priority(struct content *content, const struct priority *priority)
{
	struct priority *grown =
		grow(content->priorities, content->priority_count, &content->priority_capacity, sizeof(*priority));

	if (!grown)
		return -ENOMEM;
	content->priorities = grown;
	content->priorities[content->priority_count++] = *priority;
	return 0;
}

int seccomp_merge(struct context *to, struct context *from)
{
	size_t priorities;
	int status;

	if (!context_is_valid(to) || !context_is_valid(from))
		return -EINVAL;
	status = check_arches(to, from);
	if (status)
		return status;
	if (memcmp(to->content.attributes, from->content.attributes, sizeof(to->content.attributes)) != 0)
		return -EINVAL;
	priorities = to->content.priority_count;
	for (size_t i = 0; i < from->content.priority_count && !status; i++)
		status = content_push_priority(&to->content, &from->content.priorities[i]);
	if (status) {
		to->content.priority_count = priorities;
		return status;
	}
	context_forget_program(to);
	memcpy(&to->content.filters[to->content.filter_count], from->content.filters,
	       from->content.filter_count * sizeof(*from->content.filters));
	to->content.filter_count += from->content.filter_count;
	from->content.filter_count = 0; /* their rules have moved */
	seccomp_release(from);
	return 0;
}

int seccomp_arch_exist(const struct context *context, uint32_t token)
{
	const struct token *arch = token_find(token);

	if (!context_is_alive(context) || !arch)
		return -EINVAL;
	return context_filter(context, arch) ? 0 : -EEXIST;
}

int seccomp_arch_add(struct context *context, uint32_t token)
{
	const struct token *arch = token_find(token);
	struct content *content;

	if (!context_is_alive(context) || !arch)
		return -EINVAL;
	content = &context->content;
	if (context_filter(context, arch))
		return -EEXIST;
	if (content->filter_count && content->filters[0].token->big_endian != arch->big_endian)
		return -EDOM;
	context_forget_program(context);
	content->filters[content->filter_count++] = (struct filter){ .token = arch };
	return 0;
}

int seccomp_arch_remove(struct context *context, uint32_t token)
{
	const struct token *arch = token_find(token);
	struct content *content;
	size_t index = 0;

	if (!context_is_alive(context) || !arch)
		return -EINVAL;
	content = &context->content;
	while (index < content->filter_count && content->filters[index].token != arch)
		index++;
	if (index == content->filter_count)
		return -EEXIST;
	context_forget_program(context);
	free(content->filters[index].rules);
	content->filter_count--;
	memmove(&content->filters[index], &content->filters[index + 1],
		(content->filter_count - index) * sizeof(*content->filters));
	return 0;
}
