/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a filter rule of a port, one line of words:
 *   in|out allow|deny [what] [from ADDRESS] [sport P] [to ADDRESS] [dport P]
 * It must not know ports; what it cannot read is told in words.
 */
#include "io.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

const char *word_next(const char **at)
{
	size_t length;
	const char *word;

	*at += strspn(*at, " \t");
	length = strcspn(*at, " \t");
	if (length == 0)
		return NULL;
	word = mem_format("%.*s", (int)length, *at);
	*at += length;
	return word;
}

/* A number that fills the whole word. */
static bool read_number(const char *word, uint32_t most, uint32_t *out)
{
	char *end;
	unsigned long long value = strtoull(word, &end, 0);

	if (*word < '0' || *word > '9' || *end || value > most)
		return false;
	*out = (uint32_t)value;
	return true;
}

/* Clears the bits behind the prefix; true if there were some. */
static bool cut_prefix(struct prefix *p, uint32_t bytes)
{
	bool had_more = false;

	for (uint32_t i = 0; i < bytes; i++) {
		uint32_t kept = p->length >= (i + 1) * 8 ? 8 : p->length > i * 8 ? p->length - i * 8 : 0;
		uint8_t mask = (uint8_t)(0xff00u >> kept);

		had_more = had_more || (p->address[i] & (uint8_t)~mask) != 0;
		p->address[i] &= mask;
	}
	return had_more;
}

const char *prefix_parse(struct prefix *prefix, const char *word)
{
	size_t plain = strcspn(word, "/");
	const char *address = mem_format("%.*s", (int)plain, word);
	uint32_t length, bits;

	*prefix = (struct prefix){ .family = strchr(address, ':') ? 6 : 4 };
	bits = prefix->family == 6 ? 128 : 32;
	length = bits;
	if (inet_pton(prefix->family == 6 ? AF_INET6 : AF_INET, address, prefix->address) != 1)
		return mem_format("\"%s\" is no IP address", word);
	if (word[plain] && !read_number(word + plain + 1, bits, &length))
		return mem_format("\"%s\" has no prefix length of 0 to %u behind the /", word, bits);
	prefix->length = (uint8_t)length;
	if (cut_prefix(prefix, bits / 8))
		return mem_format("\"%s\" has bits behind its prefix; write 0 there, or no /%u", word, length);
	return NULL;
}

static const char *read_ports(const char *word, uint32_t out[2])
{
	size_t plain = strcspn(word, "-");

	if (!read_number(mem_format("%.*s", (int)plain, word), 65535, &out[0]))
		return mem_format("\"%s\" is no port or range of ports", word);
	out[1] = out[0];
	if (word[plain] && !read_number(word + plain + 1, 65535, &out[1]))
		return mem_format("\"%s\" is no port or range of ports", word);
	if (out[0] == 0 || out[1] < out[0])
		return mem_format("\"%s\": ports are 1 to 65535, the lower one first", word);
	return NULL;
}

static const struct {
	const char *word;
	enum rule_protocol protocol;
} protocols[] = {
	{ "any", RULE_ANY },  { "arp", RULE_ARP }, { "icmp", RULE_ICMP }, { "tcp", RULE_TCP }, { "udp", RULE_UDP }, { "proto", RULE_IP_PROTOCOL },
	{ "ethertype", RULE_ETHERTYPE },
};

/* Takes a protocol and what belongs to it; false if the word is none. */
static bool take_protocol(struct rule *rule, const char *word, const char **at)
{
	for (size_t i = 0; i < COUNT_OF(protocols); i++) {
		if (strcmp(word, protocols[i].word) != 0)
			continue;
		rule->protocol = protocols[i].protocol;
		if (rule->protocol == RULE_IP_PROTOCOL || rule->protocol == RULE_ETHERTYPE) {
			const char *number = word_next(at);

			if (!number || !read_number(number, rule->protocol == RULE_ETHERTYPE ? 65535 : 255, &rule->number))
				rule->error = mem_format("%s needs a number", word);
		}
		return true;
	}
	return false;
}

static const char *take_prefix(struct prefix *prefix, bool *has, const char *key, const char *value)
{
	if (*has)
		return mem_format("%s stands twice", key);
	*has = true;
	if (!value)
		return mem_format("%s needs an address", key);
	if (strcmp(value, "any") == 0) {
		*has = false;
		return NULL;
	}
	return prefix_parse(prefix, value);
}

static const char *take_ports(const struct rule *rule, uint32_t ports[2], bool *has, const char *key, const char *value)
{
	if (*has)
		return mem_format("%s stands twice", key);
	*has = true;
	if (rule->protocol != RULE_TCP && rule->protocol != RULE_UDP)
		return mem_format("%s needs tcp or udp before it", key);
	return value ? read_ports(value, ports) : mem_format("%s needs a port", key);
}

static const char *take_key(struct rule *rule, const char *key, const char **at)
{
	if (strcmp(key, "established") == 0) {
		rule->is_established = true;
		return rule->protocol == RULE_TCP ? NULL : "established needs tcp before it";
	}
	if (strcmp(key, "from") == 0)
		return take_prefix(&rule->source, &rule->has_source, key, word_next(at));
	if (strcmp(key, "to") == 0)
		return take_prefix(&rule->destination, &rule->has_destination, key, word_next(at));
	if (strcmp(key, "sport") == 0)
		return take_ports(rule, rule->source_ports, &rule->has_source_ports, key, word_next(at));
	if (strcmp(key, "dport") == 0)
		return take_ports(rule, rule->destination_ports, &rule->has_destination_ports, key, word_next(at));
	return mem_format("\"%s\" is no word of a rule here", key);
}

static bool take_choice(const char *word, const char *no, const char *yes, bool *out)
{
	if (!word || (strcmp(word, no) != 0 && strcmp(word, yes) != 0))
		return false;
	*out = strcmp(word, yes) == 0;
	return true;
}

static const char *judge_addresses(const struct rule *rule)
{
	uint8_t family = rule->has_source ? rule->source.family : rule->has_destination ? rule->destination.family : 0;

	if (rule->has_source && rule->has_destination && rule->source.family != rule->destination.family)
		return "one address is IPv4 and the other IPv6: no frame has both";
	if (family == 6 && rule->protocol == RULE_ARP)
		return "arp has IPv4 addresses only";
	if (family && rule->protocol == RULE_ETHERTYPE)
		return "a frame chosen by ethertype has no IP address";
	return NULL;
}

void rule_parse(struct rule *rule, const char *text)
{
	const char *at = text, *word;

	*rule = (struct rule){ .text = text };
	if (!take_choice(word_next(&at), "in", "out", &rule->is_egress))
		rule->error = "it must begin with in or out";
	else if (!take_choice(word_next(&at), "deny", "allow", &rule->is_allow))
		rule->error = "allow or deny must stand behind in or out";
	if (rule->error || !(word = word_next(&at)))
		return;
	if (!take_protocol(rule, word, &at))
		rule->error = take_key(rule, word, &at);
	while (!rule->error && (word = word_next(&at)))
		rule->error = take_key(rule, word, &at);
	if (!rule->error)
		rule->error = judge_addresses(rule);
}
