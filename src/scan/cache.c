#include "scan/cache.h"

int cache_summary(const char *folder, const struct module *module, const struct pointers *pointers,
		  struct summary **ret_summary, struct callgate_error *err)
{
	return summary_make(module, pointers, ret_summary, err);
}
