/*
 * launch/output.h - a standard output that ends the target when it is too much
 *
 * The target writes into a pipe, and a thread of ours hands on what comes, up to the limit. What it wrote before its
 * end arrives, however it ended.
 */
#ifndef CALLGATE_LAUNCH_OUTPUT_H
#define CALLGATE_LAUNCH_OUTPUT_H

#include <callgate/error.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct output {
	int to;		/* where what is written goes */
	int write_end;	/* of the pipe: for the target, −1 when it has it */
	int read_end;	/* ours */
	int stop;	/* eventfd: nobody is left who should write */
	uint64_t limit; /* bytes; 0: there is no pipe */
	uint64_t count; /* handed on; once over is set, the limit */
	bool over;	/* more was written */
	int error;	/* errno, when what was written could not all be handed on */
	void (*on_over)(void *context);
	void *context;
	bool runs;
	pthread_t thread;
};

#define OUTPUT_NONE ((struct output){ .to = -1, .write_end = -1, .read_end = -1, .stop = -1 })

/* Makes the pipe, from which bytes go to descriptor `to`; on_over is called once, in another thread. Fails with E_OS. */
int output_open(struct output *output, int to, uint64_t limit, void (*on_over)(void *), void *context,
		struct callgate_error *err);

/* When the target has the pipe: lets go of the write end and begins to hand on. Fails with E_OS. */
int output_start(struct output *output, struct callgate_error *err);

/* When everybody who should write has ended: waits until what is in the pipe has been handed on. Who holds its other
 * end all the same is not waited for. */
void output_finish(struct output *output);

#endif
