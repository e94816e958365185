/*
 * scan/reach.h - what a program can get to, and by which way
 *
 * Starting from what the kernel and the dynamic linker enter, a function is live when a live function calls it, when a
 * live function lets its address escape, or when an object that holds its address is in reach. An object is in reach
 * when a live function lets its address escape (or reads through it), or when one that is in reach points to it. Every
 * live thing remembers what made it so first, which is one of the shortest ways to it.
 *
 * Functions are given what their live callers give them: a set of numbers, or anything once somebody unknown may call
 * them. What a function does only under a fact that none of those numbers fulfils, it does not do.
 */
#ifndef CALLGATE_SCAN_REACH_H
#define CALLGATE_SCAN_REACH_H

#include "elf/link.h"
#include "scan/arch.h"
#include "scan/model.h"
#include "scan/summary.h"

/* A function that was gone through so often is given anything. */
#define REACH_ROUNDS_MAX 12

enum reach_cause_kind {
	CAUSE_NONE,
	CAUSE_ROOT,    /* text */
	CAUSE_CALL,    /* by function number, at site */
	CAUSE_ADDRESS, /* taken by function number, at site */
	CAUSE_POINTER, /* at address site of an object in reach, of module number */
};

/* What made something live. */
struct reach_cause {
	enum reach_cause_kind kind;
	bool is_early;	  /* only before main */
	bool by_early;	  /* its function is one that was known to run only before main */
	uint32_t module;  /* of what made it so */
	uint32_t number;  /* its function */
	uint64_t site;	  /* an address there */
	const char *text; /* ROOT: "the kernel starts it", … */
};

/* What a function is on the way from the program's entry to main. */
enum reach_start {
	START_NOT,
	START_ENTRY,
	START_OF_LIBC, /* the entry calls it and does not get back */
	START_OTHER,   /* the entry calls it */
};

struct reach_function {
	uint32_t given[VALUE_ARGUMENTS]; /* in reach->values: what live callers give it; NO_VALUE before the first */
	struct reach_cause cause;	 /* the first */
	struct reach_cause late_cause;	 /* the first after main; the same where nobody asks for main */
	bool is_live, is_queued;
	bool is_late;	 /* it is live after main, or may be; only with reach_options.after_main less than is_live */
	uint8_t start;	 /* enum reach_start */
	bool is_taken;	 /* its address is in reach: anybody may call it */
	bool is_entered; /* somebody outside its module may call it */
	bool is_waiting; /* it would be live, were its model's functions */
	uint8_t rounds;	 /* how often it was gone through */
	uint8_t model;	 /* the row of models.def that holds it back, plus one; 0 for none */
	uint8_t asked;	 /* the row that says what an argument must ask for, likewise */
};

struct reach_module {
	const struct module *module;
	const char *tried; /* its soname, where what models leave out holds for its version; else NULL */
	struct summary *summary;
	struct pointers pointers;
	struct reach_function *functions; /* by number */
	bool *opens;			  /* by number of a function: it is a stub for dlopen or its like */
	uint8_t *objects;		  /* by place in summary->objects: 1 is in reach */
	struct reach_cause *object_causes;
	struct {
		VEC(uint64_t);
	} open_slots; /* pointers to dlopen and its like, ascending */
	struct {
		VEC(uint64_t);
	} shunned_slots;  /* pointers to what it never calls */
	bool is_named;	  /* it is opened by its name, though it was there before */
	bool is_opened;	  /* all that it exports is in reach */
	uint32_t *values; /* of the summary's values, their number in reach->values plus one; 0: not looked up yet */
};

struct reach_item {
	uint32_t module, number;
};

/* A dlopen, or dlsym, of which no name is known. */
struct reach_open {
	uint32_t module;
	uint32_t number; /* the function that calls it, SUMMARY_NONE for data that holds its address */
	uint64_t site;
	bool is_everywhere; /* of dlsym: the name is looked for in all that was loaded */
};

/* A name that is looked up by dlsym. */
struct reach_named {
	const char *name;
	uint32_t module; /* of the place that gives it */
	uint64_t site;
};

struct reach {
	struct arena arena;
	struct link *link;
	struct values values; /* numbers only */
	struct {
		VEC(struct reach_module *);
	} modules; /* as link->modules */
	struct {
		VEC(struct reach_item);
	} queue; /* functions to go through, from queue_head on */
	size_t queue_head;
	struct {
		VEC(struct reach_item);
	} objects; /* in reach, whose pointers are to be followed, from objects_head on; number is the place */
	size_t objects_head;
	struct {
		VEC(struct reach_open);
	} opens;
	struct {
		VEC(struct reach_open);
	} lookups; /* calls of dlsym with a name that is not known */
	struct {
		VEC(struct reach_named);
	} named;		 /* names that it is given, each once a place */
	bool looks_everywhere;	 /* some handle means all that was loaded at the start */
	bool after_main;	 /* of the options */
	bool has_main;		 /* somebody on the way from the entry hands a function of the program's on */
	uint64_t models_met;	 /* a bit a row of models.def whose functions are live */
	uint64_t hints_followed; /* a bit a row, of those that a symbol decides, which are among the first 64 */
	bool failed;		 /* memory was out */
};

struct reach_options {
	bool after_main; /* tell what is live after main, see main_reached.c; the program must have one that is known */
	const char *cache;	   /* the folder of kept summaries, NULL for none */
	const char *const *opened; /* --dlopen: names and folders, ended by NULL; may be NULL */
	bool no_hints;		   /* nothing that only a configuration names */
};

/* Analyses a linked program, which grows by what it opens. The caller owns *ret_reach, for reach_free, and keeps link
 * until then. Fails as cache_summary does, and with E_UNSUPPORTED where after_main is set and no main is known. */
int reach_program(struct link *link, const struct reach_options *options, struct reach **ret_reach,
		  struct callgate_error *err);
void reach_free(struct reach *reach);

/* Whose system calls the program makes. */
static inline enum abi_arch_id reach_abi(const struct reach *reach)
{
	return arch_of(reach->link->modules.items[0]->module)->abi;
}

/* --- for the parts of this room --- */

static inline struct reach_function *reach_function(const struct reach *reach, uint32_t module, uint32_t number)
{
	return &reach->modules.items[module]->functions[number];
}

/* What made the function of a cause live, as that cause knew it. */
static inline const struct reach_cause *reach_cause_before(const struct reach *reach, const struct reach_cause *cause)
{
	const struct reach_function *function = reach_function(reach, cause->module, cause->number);

	return cause->by_early ? &function->cause : &function->late_cause;
}

/* Whether a call by this function happens only before main, as far as is known now. */
bool reach_calls_early(const struct reach *reach, struct reach_item caller, struct reach_item callee);

/* The same of the address of a function that an effect of it gives away. */
bool reach_hands_early(const struct reach *reach, struct reach_item item, const struct effect *effect);

/* Notes how far from the entry a callee is, and whether its caller hands main on. */
void reach_note_start(struct reach *reach, struct reach_item caller, struct reach_item callee,
		      const struct effect *effect);

/* Whether a pointer at an address is one to a constructor, which is called before main and not again. */
bool reach_is_constructor(const struct reach *reach, uint32_t module, uint64_t address);

/* Whether a start that is to be gone through is not of the kind that is known: all that it does counts as after main. */
bool reach_start_is_strange(const struct reach *reach, struct reach_item item);

/* Whether a module is there before main: the program, what it needs and what is preloaded. */
static inline bool reach_is_early(const struct reach *reach, uint32_t module)
{
	return reach->after_main && reach->link->modules.items[module]->group == 0;
}

/* What an argument's value is where the function is called as it is, its facts considered; a number in reach->values.
 */
uint32_t reach_value(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect,
		     uint32_t value);

/* Whether what the effect's facts say can hold. */
bool reach_holds(const struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect);

/* Makes what is at an address live because of a reason, a text that lives on; an address of 0 is none. */
void reach_root(struct reach *reach, uint32_t module, uint64_t address, const char *text);

/* The same for all that a module exports, once. */
void reach_root_exports(struct reach *reach, uint32_t module);

/* Follows a call of dlsym; false: memory was out. */
bool reach_look_up(struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect);

/* Notes a place that gives dlsym names that are not known; false: memory was out. */
bool reach_look_up_unknown(struct reach *reach, struct reach_open place);

/* Makes live what names that are not known may mean. */
void reach_settle_lookups(struct reach *reach);

/* Makes live what the C library looks up in its name services for live functions; false: memory was out. */
bool reach_services(struct reach *reach);

/* Makes a function live: anybody may call it. */
void reach_take(struct reach *reach, uint32_t module, uint32_t number, const struct reach_cause *cause);

/* Makes whatever is at an address live: a function, or the object around it. */
void reach_address(struct reach *reach, uint32_t module, uint64_t address, const struct reach_cause *cause);

/* Makes a function live that is given these arguments, numbers in reach->values. */
void reach_call(struct reach *reach, uint32_t module, uint32_t number, const uint32_t given[VALUE_ARGUMENTS],
		const struct reach_cause *cause);

/* The name of the symbol that a slot points to, "" for none. */
const char *reach_slot_name(const struct module *module, const struct pointers *pointers, uint64_t slot);

/* What the pointer at a slot means when it is loaded. */
struct reach_target {
	uint32_t module; /* LINK_NOWHERE: nothing that is known */
	uint64_t address;
	bool is_resolver; /* of an IFUNC: it gives the address */
	bool is_copy;	  /* no pointer: the object there is a copy of that one */
};

struct reach_target reach_slot(const struct reach *reach, uint32_t module, uint64_t slot);

/* Whether a function is a stub, as the linkage table has them: it does nothing but jump through a slot, with what it
 * was given. */
bool reach_is_stub(const struct reach_module *all, uint32_t number);

/* The function that a call of a module goes to; false where nobody knows. */
bool reach_callee(const struct reach *reach, uint32_t module, const struct effect *effect,
		  struct reach_item *ret_callee);

/* The place in objects and object_causes of the object around an address. */
size_t reach_object_place(const struct summary *summary, uint64_t address);

/* Goes through all effects of a live function. */
void reach_follow(struct reach *reach, uint32_t module, uint32_t number);

/* Reads the modules from number first on: their pointers and summaries. Fails as cache_summary does. */
int reach_read(struct reach *reach, const struct reach_options *options, uint32_t first, struct callgate_error *err);

/* Adds the modules that the link has and reach has not, with their roots. */
int reach_load(struct reach *reach, const struct reach_options *options, struct callgate_error *err);

/* Links what live functions open. ret_grew: something was new. */
int reach_open(struct reach *reach, const struct reach_options *options, bool *ret_grew, struct callgate_error *err);

/* Whether a module, any for LINK_NOWHERE, exports a live function of that name. */
bool reach_has_live(const struct reach *reach, uint32_t module, const char *name);

/* Whether it exports what is requested, in any version, and somebody outside it may call it so. */
bool reach_is_asked(const struct reach *reach, uint32_t module, const struct model_request *request);

/* Finds what models say of a new module; false: memory was out. */
bool reach_hold(struct reach *reach, uint32_t module);

/* Whether a model says that the function never does this, or not for what it is given. */
bool reach_shuns(const struct reach *reach, uint32_t module, uint32_t number, const struct effect *effect);

/* Which argument a function that calls itself passes on as it was given it; VALUE_ARGUMENTS for none. */
unsigned reach_passes_on(const struct reach *reach, uint32_t module, uint32_t number, struct reach_item callee);

/* Looks which models' functions have become live. ret_grew: what waited for them is live now. */
void reach_meet(struct reach *reach, bool *ret_grew);

/* Lets those go whose model's functions are live now. ret_grew as above. */
void reach_release(struct reach *reach, bool *ret_grew);

/* The same for a name or folder that the user gave. */
int reach_open_named(struct reach *reach, const char *name, struct callgate_error *err);

#endif
