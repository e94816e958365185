/*
 * From a diagram to a sentence. A condition on several arguments is split at the first of them: its values fall into
 * classes, by what remains to be asked of the others. form.c says what is asked of one.
 */
#include "prove/expression.h"

#include "prove/form.h"

enum {
	WORD_BITS = 32,
	CLASSES_MAX = 16, /* classes of one argument's values */
	WORK_MAX = 4000,
};

const struct expression expression_always = { .kind = EXPRESSION_ALWAYS };
const struct expression expression_never = { .kind = EXPRESSION_NEVER };
const struct expression expression_cut = { .kind = EXPRESSION_CUT, .cost = FORM_COST_CUT };

static const struct expression *express(struct expression_context *context, uint32_t condition);

struct expression_context expression_context(struct diagram *diagram, struct arena *arena, const struct abi_arch *arch,
					     const struct abi_syscall *syscall)
{
	struct expression_context context = { .diagram = diagram, .arena = arena, .work_left = WORK_MAX };

	context.arch = arch ? arch->id : ABI_ARCH_NONE;
	if (arch && syscall)
		context.arg_count = abi_syscall_args(syscall, arch->id, context.args);
	return context;
}

const struct expression *expression_no_memory(struct expression_context *context)
{
	context->status = CALLGATE_E_NOMEM;
	return NULL;
}

const struct expression *expression_no_node(struct expression_context *context)
{
	context->status = diagram_status(context->diagram);
	return NULL;
}

const struct expression *expression_new(struct expression_context *context, struct expression expression)
{
	struct expression *copy = arena_alloc(context->arena, sizeof(*copy));

	if (!copy)
		return expression_no_memory(context);
	*copy = expression;
	return copy;
}

const struct expression *expression_join(struct expression_context *context, enum expression_kind kind,
					 const struct expression *left, const struct expression *right)
{
	enum expression_kind neutral = kind == EXPRESSION_AND ? EXPRESSION_ALWAYS : EXPRESSION_NEVER;
	enum expression_kind decisive = kind == EXPRESSION_AND ? EXPRESSION_NEVER : EXPRESSION_ALWAYS;

	if (!left || !right)
		return NULL;
	if (left->kind == neutral || right->kind == decisive)
		return right;
	if (right->kind == neutral || left->kind == decisive)
		return left;
	return expression_new(
		context,
		(struct expression){ .kind = kind, .left = left, .right = right, .cost = left->cost + right->cost });
}

static unsigned arg_of(unsigned variable)
{
	unsigned word = variable / WORD_BITS;

	return word < DIAGRAM_ARG0 ? EXPRESSION_IP : (word - DIAGRAM_ARG0) / 2;
}

/* The word that follows the argument's two. */
static enum diagram_word word_after(unsigned arg)
{
	return (enum diagram_word)(form_field(arg).first / WORD_BITS + 2);
}

struct classes {
	uint32_t nodes[CLASSES_MAX]; /* what remains to be asked, one for each class */
	size_t count;
	bool too_many;
};

static uint32_t collect_class(uint32_t node, void *context)
{
	struct classes *classes = context;

	for (size_t i = 0; i < classes->count; i++)
		if (classes->nodes[i] == node)
			return node;
	if (classes->count == CLASSES_MAX)
		classes->too_many = true;
	else
		classes->nodes[classes->count++] = node;
	return node;
}

static uint32_t is_class(uint32_t node, void *context)
{
	return node == *(uint32_t *)context ? DIAGRAM_TRUE : DIAGRAM_FALSE;
}

/* "what stands before the word is of this class, and what remains holds". `known` is what the sentence says elsewhere. */
static const struct expression *express_class(struct expression_context *context, uint32_t condition,
					      enum diagram_word word, uint32_t class, uint32_t known)
{
	uint32_t in_class = diagram_map_from(context->diagram, word, is_class, &class, condition);
	const struct expression *whole, *less;
	uint32_t rest = diagram_if(context->diagram, known, DIAGRAM_FALSE, class);

	if (in_class == DIAGRAM_NONE || rest == DIAGRAM_NONE)
		return expression_no_node(context);
	whole = express(context, class);
	less = known == DIAGRAM_FALSE ? whole : express(context, rest);
	if (whole && less && less->cost < whole->cost)
		whole = less;
	return expression_join(context, EXPRESSION_AND, express(context, in_class), whole);
}

static uint32_t meet_of(struct diagram *diagram, const struct classes *classes)
{
	uint32_t meet = DIAGRAM_TRUE;

	for (size_t i = 0; i < classes->count; i++)
		meet = diagram_and(diagram, meet, classes->nodes[i]);
	return meet;
}

/* What holds whatever stands before the word comes first, then each class of that with what remains. */
static const struct expression *express_classes(struct expression_context *context, uint32_t condition,
						enum diagram_word word, const struct classes *classes)
{
	uint32_t meet = meet_of(context->diagram, classes);
	const struct expression *all = meet == DIAGRAM_NONE ? expression_no_node(context) : express(context, meet);

	for (size_t i = 0; i < classes->count && all; i++)
		if (classes->nodes[i] != DIAGRAM_FALSE && classes->nodes[i] != meet)
			all = expression_join(context, EXPRESSION_OR, all,
					      express_class(context, condition, word, classes->nodes[i], meet));
	return all;
}

static bool is_decided(const struct classes *classes)
{
	for (size_t i = 0; i < classes->count; i++)
		if (classes->nodes[i] > DIAGRAM_TRUE)
			return false;
	return true;
}

const struct expression *expression_split(struct expression_context *context, uint32_t condition,
					  enum diagram_word word)
{
	struct classes classes = { .count = 0 };

	if (diagram_map_from(context->diagram, word, collect_class, &classes, condition) == DIAGRAM_NONE)
		return expression_no_node(context);
	if (classes.too_many)
		return &expression_cut;
	/* A single class is the condition itself: to split it would be to begin again. */
	if (classes.count == 1 || is_decided(&classes))
		return NULL;
	return express_classes(context, condition, word, &classes);
}

static const struct expression *express(struct expression_context *context, uint32_t condition)
{
	const struct expression *split;
	unsigned arg;

	if (condition <= DIAGRAM_TRUE)
		return condition == DIAGRAM_TRUE ? &expression_always : &expression_never;
	if (!context->work_left)
		return &expression_cut;
	context->work_left--;
	arg = arg_of(diagram_node(context->diagram, condition).variable);
	split = expression_split(context, condition, word_after(arg));
	if (split || context->status != CALLGATE_OK)
		return split;
	return form_of_argument(context, condition, arg);
}

const struct expression *expression_of(struct expression_context *context, uint32_t condition)
{
	const struct expression *expression;

	context->work_left = WORK_MAX;
	expression = express(context, condition);
	/* Forms are tried without asking each node whether it could be made. */
	if (diagram_status(context->diagram) != CALLGATE_OK)
		return expression_no_node(context);
	return expression && expression->cost > FORM_COST_VALUE * EXPRESSION_TESTS_MAX ? &expression_cut : expression;
}
