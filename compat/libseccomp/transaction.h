/*
 * compat/libseccomp/transaction.h - changes that are kept or dropped together; they nest
 */
#ifndef CALLGATE_COMPAT_TRANSACTION_H
#define CALLGATE_COMPAT_TRANSACTION_H

#include "context.h"

/* As if none had been started. */
void transaction_drop_all(struct context *context);

#endif
