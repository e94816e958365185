/*
 * Questions about meanings. Diagrams are canonical, so each is a comparison of numbers or one operation; where the
 * answer is no, there is an input that shows it.
 */
#include "prove/prove.h"

#include <string.h>

enum { WORD_BITS = 32 };

bool prove_witness(const struct diagram *diagram, uint32_t a, uint32_t b, struct diagram_input *ret_input)
{
	struct diagram_input input = { 0 };

	if (a == b)
		return false;
	for (;;) {
		struct diagram_node left = diagram_node(diagram, a), right = diagram_node(diagram, b);
		unsigned variable = left.variable < right.variable ? left.variable : right.variable;
		bool split_a = left.variable == variable, split_b = right.variable == variable;
		uint32_t low_a = split_a ? left.low : a, low_b = split_b ? right.low : b;

		if (variable == DIAGRAM_TERMINAL)
			break;
		if (low_a != low_b) {
			a = low_a;
			b = low_b;
			continue;
		}
		a = split_a ? left.high : a;
		b = split_b ? right.high : b;
		input.words[variable / WORD_BITS] |= UINT32_C(1) << (WORD_BITS - 1 - variable % WORD_BITS);
	}
	*ret_input = input;
	return true;
}

void prove_input_to_data(const struct diagram_input *input, struct seccomp_data *ret_data)
{
	for (unsigned word = 0; word < DIAGRAM_WORDS; word++)
		memcpy((char *)ret_data + diagram_word_offset((enum diagram_word)word), &input->words[word],
		       sizeof(input->words[word]));
}

void prove_data_to_input(const struct seccomp_data *data, struct diagram_input *ret_input)
{
	for (unsigned word = 0; word < DIAGRAM_WORDS; word++)
		memcpy(&ret_input->words[word], (const char *)data + diagram_word_offset((enum diagram_word)word),
		       sizeof(ret_input->words[word]));
}
