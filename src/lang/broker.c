/*
 * What stands behind the names of a `notify` rule:
 *
 *	notify openat via files {
 *	    read "/srv/www/index.html"
 *	    deny "**" errno EACCES
 *	}
 *	notify execve once
 *
 * Every clause starts with a word of its own, so that `;` between two is a matter of taste. A path or an address is
 * taken as it stands, with or without quotes.
 */
#include "base/error.h"
#include "base/nearest.h"
#include "lang/syntax.h"
#include "policy/broker.h"

#include <string.h>

/* Fails at the token with the nearest of a table's words, which next gives one by one. */
static bool fail_word(struct syntax_parser *parser, const char *expected, const char *(*next)(unsigned, size_t),
		      unsigned of)
{
	char word[NEAREST_LENGTH_MAX + 1];
	size_t length = parser->token.length < sizeof(word) ? parser->token.length : sizeof(word) - 1;
	struct nearest nearest;
	const char *candidate;

	syntax_fail(parser, expected);
	if (parser->token.kind != LEX_WORD)
		return false;
	memcpy(word, parser->token.text, length);
	word[length] = '\0';
	nearest = nearest_to(word);
	for (size_t i = 0; (candidate = next(of, i)); i++)
		nearest_try(&nearest, candidate);
	if (nearest.name)
		error_hint(parser->err, "did you mean '%s'?", nearest.name);
	return false;
}

static const char *nth_broker(unsigned has_clauses, size_t n)
{
	for (size_t i = 0; i < POLICY_BROKER_COUNT; i++)
		if (policy_broker_has_clauses((enum policy_broker_kind)i) == (bool)has_clauses && n-- == 0)
			return policy_broker_word((enum policy_broker_kind)i);
	return NULL;
}

static const char *nth_clause(unsigned broker, size_t n)
{
	for (size_t i = 0; i < POLICY_CLAUSE_COUNT; i++) {
		const char *word = policy_clause_word((enum policy_clause_kind)i);
		enum policy_clause_kind kind;

		if (policy_clause_by_word((enum policy_broker_kind)broker, word, &kind) && kind == i && n-- == 0)
			return word;
	}
	return NULL;
}

static const char *nth_transport(unsigned unused, size_t n)
{
	return n < POLICY_TRANSPORT_ANY ? policy_transport_word((enum policy_transport)n) : NULL;
}

/* The word that is looked at, "" when there is none. */
static const char *word_here(struct syntax_parser *parser)
{
	return parser->token.kind == LEX_WORD ? syntax_text(parser) : "";
}

/* Takes what stands behind the token as a path or an address. */
static bool parse_text(struct syntax_parser *parser, struct policy_clause *clause, const char *expected)
{
	if (!syntax_advance_bare(parser))
		return false;
	if (parser->token.kind != LEX_STRING || !parser->token.length)
		return syntax_fail(parser, expected);
	clause->position = syntax_position(parser);
	clause->text = syntax_text(parser);
	return clause->text && syntax_advance(parser);
}

/* `tcp 127.0.0.1:80`, `unix "/run/x"` or "**". */
static bool parse_address(struct syntax_parser *parser, struct policy_clause *clause)
{
	const char *word;

	clause->position = syntax_position(parser);
	if (parser->token.kind == LEX_STRING && parser->token.length == 2 && !memcmp(parser->token.text, "**", 2)) {
		clause->transport = POLICY_TRANSPORT_ANY;
		clause->text = syntax_text(parser);
		return clause->text && syntax_advance(parser);
	}
	word = word_here(parser);
	if (!word)
		return false;
	if (!policy_transport_by_word(word, &clause->transport))
		return fail_word(parser, "tcp, udp, unix or \"**\"", nth_transport, 0);
	return parse_text(parser, clause, "an address");
}

/* What a refusal is: an errno unless it kills. */
static bool parse_denial(struct syntax_parser *parser, struct policy_clause *clause)
{
	clause->denial = (struct policy_action){ .kind = POLICY_ERRNO, .errno_name = "EACCES" };
	if (!lex_is(&parser->token, "errno") && !lex_is(&parser->token, "kill-process"))
		return true;
	return syntax_action(parser, &clause->denial, "errno or kill-process");
}

static bool parse_clause(struct syntax_parser *parser, struct policy_broker *broker, struct policy_clause *clause)
{
	const char *word = word_here(parser);
	bool done;

	if (!word)
		return false;
	if (!policy_clause_by_word(broker->kind, word, &clause->kind))
		return fail_word(parser,
				 broker->kind == POLICY_BROKER_FILES ? "read, write, read-write, deny or '}'"
								     : "allow, deny or '}'",
				 nth_clause, broker->kind);
	if (broker->kind == POLICY_BROKER_FILES)
		done = parse_text(parser, clause, "a path in quotes");
	else
		done = syntax_advance(parser) && parse_address(parser, clause);
	return done && (!policy_clause_denies(clause->kind) || parse_denial(parser, clause));
}

static bool parse_clauses(struct syntax_parser *parser, struct policy_broker *broker)
{
	struct {
		VEC(struct policy_clause);
	} clauses = { 0 };

	if (!syntax_expect(parser, LEX_BRACE, "'{'"))
		return false;
	while (!parser->status && parser->token.kind != LEX_UNBRACE) {
		struct policy_clause clause = { .transport = POLICY_TRANSPORT_ANY };

		if (syntax_accept(parser, LEX_SEMICOLON))
			continue;
		if (clauses.length >= SYNTAX_ITEMS_MAX)
			return syntax_fail_limit(parser, "clauses in one rule", SYNTAX_ITEMS_MAX);
		if (!parse_clause(parser, broker, &clause))
			return false;
		if (!VEC_PUSH(parser->arena, &clauses, clause))
			return syntax_fail_nomem(parser);
	}
	broker->clauses = clauses.items;
	broker->clause_count = clauses.length;
	if (!parser->status && clauses.length == 0) {
		syntax_fail(parser, "a clause");
		error_hint(parser->err, "a broker without clauses refuses everything: write deny \"**\"");
		return false;
	}
	return syntax_expect(parser, LEX_UNBRACE, "'}'");
}

bool syntax_broker(struct syntax_parser *parser, const struct policy_broker **ret_broker)
{
	struct policy_broker *broker;
	const char *word;
	bool via;

	if (parser->token.kind != LEX_WORD || lex_is(&parser->token, "if"))
		return true;
	via = lex_is(&parser->token, "via");
	if (via && !syntax_advance(parser))
		return false;
	broker = arena_alloc(parser->arena, sizeof(*broker));
	if (!broker)
		return syntax_fail_nomem(parser);
	broker->position = syntax_position(parser);
	word = word_here(parser);
	if (!word)
		return false;
	if (!policy_broker_by_word(word, &broker->kind) || policy_broker_has_clauses(broker->kind) != via)
		return fail_word(parser,
				 via ? "files or network" : "via, once, own-children, if or the end of the line",
				 nth_broker, via);
	if (!syntax_advance(parser))
		return false;
	*ret_broker = broker;
	return !via || parse_clauses(parser, broker);
}
