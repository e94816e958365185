/*
 * What a ring answers: io_uring [confine]. Prints a line for a request of each kind; under filters, after they were
 * registered. 77: the kernel has no rings for us, 78: no filters of rings.
 */
#include "filters.h"

#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct ring {
	int fd;
	struct io_uring_params params;
	unsigned char *rings; /* both, in one mapping */
	struct io_uring_sqe *sqes;
};

static unsigned *at(struct ring *ring, unsigned offset)
{
	return (unsigned *)(void *)(ring->rings + offset);
}

static void make(struct ring *ring)
{
	size_t size;

	memset(ring, 0, sizeof(*ring));
	ring->fd = (int)syscall(SYS_io_uring_setup, 1, &ring->params);
	if (ring->fd < 0 || !(ring->params.features & IORING_FEAT_SINGLE_MMAP))
		exit(77);
	size = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
	if (size < ring->params.sq_off.array + ring->params.sq_entries * sizeof(unsigned))
		size = ring->params.sq_off.array + ring->params.sq_entries * sizeof(unsigned);
	ring->rings = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, ring->params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
	if (ring->rings == MAP_FAILED || ring->sqes == MAP_FAILED)
		exit(77);
}

/* Submits one request and waits for what becomes of it. */
static int answer(struct ring *ring, const struct io_uring_sqe *sqe)
{
	unsigned tail = *at(ring, ring->params.sq_off.tail), head = *at(ring, ring->params.cq_off.head);
	const struct io_uring_cqe *cqes = (const void *)(ring->rings + ring->params.cq_off.cqes);
	int result;

	ring->sqes[0] = *sqe;
	at(ring, ring->params.sq_off.array)[tail & *at(ring, ring->params.sq_off.ring_mask)] = 0;
	__atomic_store_n(at(ring, ring->params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0 ||
	    head == __atomic_load_n(at(ring, ring->params.cq_off.tail), __ATOMIC_ACQUIRE))
		exit(1);
	result = cqes[head & *at(ring, ring->params.cq_off.ring_mask)].res;
	__atomic_store_n(at(ring, ring->params.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return result;
}

static void tell(const char *what, int result)
{
	printf("%s: %s\n", what, result >= 0 ? "done" : result == -EACCES ? "refused" : "failed");
}

int main(int argc, char **argv)
{
	struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };
	struct io_uring_sqe local = { .opcode = IORING_OP_SOCKET, .fd = AF_UNIX, .off = SOCK_STREAM };
	struct io_uring_sqe raw = { .opcode = IORING_OP_SOCKET, .fd = AF_UNIX, .off = SOCK_DGRAM };
	struct io_uring_sqe closing = { .opcode = IORING_OP_CLOSE, .fd = dup(0) };
	struct ring ring;

	(void)argv;
	if (argc > 1 && callgate_confine_io_uring())
		return errno == EINVAL ? 78 : 1;
	make(&ring);
	tell("nop", answer(&ring, &nop));
	tell("stream socket", answer(&ring, &local));
	tell("datagram socket", answer(&ring, &raw));
	tell("close", answer(&ring, &closing));
	return 0;
}
