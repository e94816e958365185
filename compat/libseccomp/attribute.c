/*
 * Attributes. Those that are a switch are kept as 0 or 1; those that the present API level lacks cannot be set.
 */
#include "context.h"
#include "level.h"

#include <errno.h>

enum { OPTIMIZE_MAX = 2 };

static bool attribute_exists(enum scmp_filter_attr attribute)
{
	return attribute >= SCMP_FLTATR_ACT_DEFAULT && attribute < SCMP_FLTATR_END;
}

int seccomp_attr_get(const struct context *context, enum scmp_filter_attr attribute, uint32_t *ret_value)
{
	if (!context_is_valid(context) || !attribute_exists(attribute) || !ret_value)
		return -EINVAL;
	*ret_value = context->content.attributes[attribute];
	return 0;
}

/* The API level that a switch needs. */
static unsigned needed_level(enum scmp_filter_attr attribute)
{
	switch (attribute) {
	case SCMP_FLTATR_CTL_TSYNC:
		return LEVEL_TSYNC;
	case SCMP_FLTATR_CTL_LOG:
		return LEVEL_LOG;
	case SCMP_FLTATR_CTL_SSB:
		return LEVEL_SSB;
	case SCMP_FLTATR_CTL_WAITKILL:
		return LEVEL_WAITKILL;
	default:
		return LEVEL_BASE;
	}
}

static int check_value(const struct context *context, enum scmp_filter_attr attribute, uint32_t value)
{
	switch (attribute) {
	case SCMP_FLTATR_ACT_DEFAULT:
		return -EACCES;
	case SCMP_FLTATR_ACT_BADARCH:
		return action_is_valid(value) ? 0 : -EINVAL;
	case SCMP_FLTATR_CTL_OPTIMIZE:
		return value >= 1 && value <= OPTIMIZE_MAX ? 0 : -EOPNOTSUPP;
	case SCMP_FLTATR_CTL_TSYNC:
		if (level_now() >= LEVEL_TSYNC && level_now() < LEVEL_BOTH && value && context_has_notify(context))
			return -EINVAL;
		__attribute__((fallthrough));
	default:
		return level_now() >= needed_level(attribute) ? 0 : -EOPNOTSUPP;
	}
}

static bool is_switch(enum scmp_filter_attr attribute)
{
	return attribute != SCMP_FLTATR_ACT_BADARCH && attribute != SCMP_FLTATR_CTL_OPTIMIZE;
}

int seccomp_attr_set(struct context *context, enum scmp_filter_attr attribute, uint32_t value)
{
	int status;

	if (!context_is_valid(context) || !attribute_exists(attribute))
		return -EINVAL;
	status = check_value(context, attribute, value);
	if (status)
		return status;
	context_forget_program(context);
	context->content.attributes[attribute] = is_switch(attribute) ? value != 0 : value;
	return 0;
}
