/*
 * prove/spell.h - numbers as a person reads them: names where the tables have them
 */
#ifndef CALLGATE_PROVE_SPELL_H
#define CALLGATE_PROVE_SPELL_H

#include "abi/abi.h"
#include "base/buf.h"

/* A number without a type: decimal when small, hexadecimal otherwise. */
void spell_number(struct buf *text, uint64_t number);

/* A value that an argument of this type may have (as its bits): "AT_FDCWD", "O_WRONLY | O_CREAT", "-1", "0x7000". */
void spell_value(struct buf *text, const struct abi_arg *type, enum abi_arch_id arch, uint64_t value);

/* A mask of such values, which is never the name of a single meaning: "(O_CREAT | O_EXCL)", "~PROT_READ", "0xff".
 * In brackets where it has more than one part. */
void spell_mask(struct buf *text, const struct abi_arg *type, enum abi_arch_id arch, uint64_t mask);

#endif
