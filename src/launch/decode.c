/*
 * The message about a refusal is read by somebody who has to decide whether it was an attack or a rule too few, so it
 * says what the target meant to do. Everything that stands behind a pointer comes from the target, which may be
 * hostile: it is bounded, escaped, and only ever shown. What could not be read is shown as an address.
 */
#include "launch/decode.h"

#include "abi/abi.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* How much of a string, and how many of an array, a message shows. */
#define DECODE_STRING_MAX  128
#define DECODE_STRINGS_MAX 8

enum decode_form { DECODE_ADDRESS, DECODE_PATH, DECODE_STRINGS, DECODE_SOCKADDR, DECODE_BYTES };

struct decode_pointer {
	const char *syscall;
	uint8_t arg;
	enum decode_form form;
};

static const struct decode_pointer decode_pointers[] = {
#define POINTER(syscall, arg, form) { #syscall, arg, DECODE_##form },
#include "launch/pointers.def"
#undef POINTER
};

/* The call that is told, at hand for every argument of it. */
struct decode {
	struct buf *text;
	const struct decode_memory *memory;
	const struct tracer_call *call;
	const struct abi_arch *arch;
	const struct abi_syscall *syscall;
};

static size_t decode_read(const struct decode *decode, uint64_t address, void *bytes, size_t length)
{
	return decode->memory->read(decode->memory->context, address, bytes, length);
}

static void decode_bytes(struct buf *text, const char *bytes, size_t length, bool is_cut)
{
	buf_putc(text, '"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '"' || c == '\\')
			buf_printf(text, "\\%c", c);
		else if (c == '\n')
			buf_puts(text, "\\n");
		else if (c >= ' ' && c <= '~')
			buf_putc(text, (char)c);
		else
			buf_printf(text, "\\x%02x", c);
	}
	buf_puts(text, is_cut ? "\"..." : "\"");
}

static void decode_address(const struct decode *decode, uint64_t address)
{
	buf_printf(decode->text, address ? "0x%" PRIx64 : "NULL", address);
}

static void decode_string(const struct decode *decode, uint64_t address)
{
	char bytes[DECODE_STRING_MAX];
	size_t got = decode_read(decode, address, bytes, sizeof(bytes));
	size_t length = strnlen(bytes, got);

	if (got == 0)
		decode_address(decode, address);
	else
		decode_bytes(decode->text, bytes, length, length == got);
}

static void decode_data(const struct decode *decode, uint64_t address, uint64_t length)
{
	char bytes[DECODE_STRING_MAX];
	size_t want = length < sizeof(bytes) ? (size_t)length : sizeof(bytes);
	size_t got = decode_read(decode, address, bytes, want);

	if (got == 0)
		decode_address(decode, address);
	else
		decode_bytes(decode->text, bytes, got, got < length);
}

/* An array of pointers to strings, as wide as the arch's pointers are. */
static void decode_strings(const struct decode *decode, uint64_t address)
{
	size_t width = decode->arch->pointer_bits / 8;
	uint64_t item = 0;

	if (decode_read(decode, address, &item, width) != width) {
		decode_address(decode, address);
		return;
	}
	buf_putc(decode->text, '[');
	for (unsigned i = 0; item; i++) {
		buf_puts(decode->text, i ? ", " : "");
		if (i == DECODE_STRINGS_MAX) {
			buf_puts(decode->text, "...");
			break;
		}
		decode_string(decode, item);
		item = 0;
		decode_read(decode, address + (i + 1) * width, &item, width);
	}
	buf_putc(decode->text, ']');
}

static void decode_unix(const struct decode *decode, const struct sockaddr_un *address, size_t length)
{
	size_t start = offsetof(struct sockaddr_un, sun_path);
	size_t room = length > start ? length - start : 0;
	/* A name in the abstract space begins with NUL and has a length of its own. */
	bool is_abstract = room > 0 && address->sun_path[0] == '\0';

	buf_puts(decode->text, "{AF_UNIX, ");
	decode_bytes(decode->text, address->sun_path, is_abstract ? room : strnlen(address->sun_path, room), false);
	buf_putc(decode->text, '}');
}

static void decode_sockaddr(const struct decode *decode, uint64_t address, uint64_t length)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} at = { 0 };
	size_t want = length < sizeof(at) ? (size_t)length : sizeof(at);
	size_t got = decode_read(decode, address, &at, want);
	char host[INET6_ADDRSTRLEN];

	if (got < sizeof(at.any.sa_family) || got < want)
		decode_address(decode, address);
	else if (at.any.sa_family == AF_INET && got >= sizeof(at.in))
		buf_printf(decode->text, "{AF_INET, %s:%u}", inet_ntop(AF_INET, &at.in.sin_addr, host, sizeof(host)),
			   ntohs(at.in.sin_port));
	else if (at.any.sa_family == AF_INET6 && got >= sizeof(at.in6))
		buf_printf(decode->text, "{AF_INET6, [%s]:%u}",
			   inet_ntop(AF_INET6, &at.in6.sin6_addr, host, sizeof(host)), ntohs(at.in6.sin6_port));
	else if (at.any.sa_family == AF_UNIX)
		decode_unix(decode, &at.un, got);
	else
		buf_printf(decode->text, "{family %u, %zu bytes}", at.any.sa_family, got);
}

static void decode_pointer(const struct decode *decode, unsigned arg)
{
	enum decode_form form = DECODE_ADDRESS;
	uint64_t address = decode->call->args[arg];
	uint64_t next = arg < 5 ? decode->call->args[arg + 1] : 0;

	for (size_t i = 0; i < sizeof(decode_pointers) / sizeof(*decode_pointers); i++)
		if (decode_pointers[i].arg == arg && strcmp(decode_pointers[i].syscall, decode->syscall->name) == 0)
			form = decode_pointers[i].form;
	if (form == DECODE_PATH && address)
		decode_string(decode, address);
	else if (form == DECODE_STRINGS && address)
		decode_strings(decode, address);
	else if (form == DECODE_SOCKADDR && address)
		decode_sockaddr(decode, address, next);
	else if (form == DECODE_BYTES && address)
		decode_data(decode, address, next);
	else
		decode_address(decode, address);
}

/* The low bits as the kernel reads them, and their sign-extended value. */
static uint64_t decode_value(const struct abi_arg *arg, uint64_t word, int64_t *ret_signed)
{
	uint64_t mask = arg->bits >= 64 ? UINT64_MAX : (1ULL << arg->bits) - 1;
	uint64_t value = word & mask;

	*ret_signed = (int64_t)(arg->bits < 64 && value >> (arg->bits - 1) ? value | ~mask : value);
	return value;
}

static bool decode_is_in(const struct abi_constant *constant, uint64_t bits)
{
	return constant->name && !constant->is_alias && constant->value && (constant->value & bits) == constant->value;
}

/* The widest constant that is wholly in the bits; .name is NULL when there is none. */
static struct abi_constant decode_widest(const struct decode *decode, const struct abi_arg *arg, uint64_t bits)
{
	size_t count = arg->constants ? abi_constant_count(arg->constants) : 0;
	struct abi_constant best = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct abi_constant constant = abi_constant_at(arg->constants, decode->arch->id, i);

		if (decode_is_in(&constant, bits) &&
		    __builtin_popcountll(constant.value) > __builtin_popcountll(best.value))
			best = constant;
	}
	return best;
}

/* `O_WRONLY|O_CREAT|0x8`: constants by name, then what is left. */
static void decode_flags(const struct decode *decode, const struct abi_arg *arg, uint64_t value)
{
	struct abi_constant constant = decode_widest(decode, arg, value);
	uint64_t left = value;

	for (; constant.name; constant = decode_widest(decode, arg, left)) {
		buf_printf(decode->text, "%s%s", left == value ? "" : "|", constant.name);
		left &= ~constant.value;
	}
	if (left)
		buf_printf(decode->text, "%s0x%" PRIx64, left == value ? "" : "|", left);
	else if (value == 0)
		buf_puts(decode->text, "0");
}

static void decode_argument(const struct decode *decode, const struct abi_arg *arg, unsigned index)
{
	int64_t number;
	uint64_t value = decode_value(arg, decode->call->args[index], &number);
	const char *name = arg->constants ? abi_constant_name(arg->constants, decode->arch->id,
							      arg->is_signed ? (uint64_t)number : value)
					  : NULL;

	if (arg->kind == ABI_ARG_POINTER)
		decode_pointer(decode, index);
	else if (name)
		buf_puts(decode->text, name);
	else if (arg->kind == ABI_ARG_FLAGS)
		decode_flags(decode, arg, value);
	else if (arg->kind == ABI_ARG_DESCRIPTOR || arg->is_signed)
		buf_printf(decode->text, "%" PRId64, number);
	else
		buf_printf(decode->text, value < 65536 ? "%" PRIu64 : "0x%" PRIx64, value);
}

static void decode_arguments(const struct decode *decode)
{
	struct abi_arg args[6];
	unsigned count = decode->syscall ? abi_syscall_args(decode->syscall, decode->arch->id, args) : 0;

	for (unsigned i = 0; i < count; i++) {
		buf_puts(decode->text, i ? ", " : "");
		decode_argument(decode, &args[i], i);
	}
	if (decode->syscall && decode->syscall->args_known)
		return;
	for (unsigned i = 0; i < 6; i++)
		buf_printf(decode->text, "%s0x%" PRIx64, i ? ", " : "", decode->call->args[i]);
}

void decode_call_from(struct buf *text, const struct decode_memory *memory, const struct tracer_call *call)
{
	struct decode decode = { .text = text, .memory = memory, .call = call };

	decode.arch = abi_arch_of_call(call->audit, call->nr);
	if (!decode.arch) {
		buf_printf(text, "call %" PRIu32 " of an unknown arch 0x%" PRIx32, call->nr, call->audit);
		return;
	}
	decode.syscall = abi_syscall_by_nr(decode.arch->id, call->nr);
	if (decode.arch != abi_arch_native())
		buf_printf(text, "%s:", decode.arch->name);
	if (decode.syscall)
		buf_puts(text, decode.syscall->name);
	else
		buf_printf(text, "#%" PRIu32, call->nr);
	buf_putc(text, '(');
	decode_arguments(&decode);
	buf_putc(text, ')');
}

static size_t read_process(void *context, uint64_t address, void *ret_bytes, size_t length)
{
	return tracer_read(*(const pid_t *)context, address, ret_bytes, length);
}

void decode_call(struct buf *text, pid_t pid, const struct tracer_call *call)
{
	const struct decode_memory memory = { read_process, &pid };

	decode_call_from(text, &memory, call);
}
