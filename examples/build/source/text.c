#include "text.h"

const char *text(void)
{
	return "built without network";
}
