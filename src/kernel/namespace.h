/*
 * kernel/namespace.h - whether this process may have a namespace of its own
 */
#ifndef CALLGATE_KERNEL_NAMESPACE_H
#define CALLGATE_KERNEL_NAMESPACE_H

#include <stdbool.h>

/* Whether a child that asks for these CLONE_NEW* gets them; with CLONE_NEWUSER among them, in that namespace. */
bool namespace_works(unsigned long flags);

#endif
