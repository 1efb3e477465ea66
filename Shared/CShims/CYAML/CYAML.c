// Part of MarketBus. Apache License 2.0, see LICENSE.

#include "CYAML.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct md_yaml {
    yaml_parser_t parser;
    yaml_event_t event;
};

md_yaml *md_yaml_open(const uint8_t *bytes, size_t count) {
    md_yaml *y = calloc(1, sizeof *y);
    if (!y) return NULL;
    if (!yaml_parser_initialize(&y->parser)) {
        free(y);
        return NULL;
    }
    yaml_parser_set_input_string(&y->parser, bytes ? bytes : (const uint8_t *)"", count);
    return y;
}

static void take_text(md_yaml_event *out, const uint8_t *text, size_t length) {
    out->text = text;
    out->length = length;
}

static void describe(const yaml_event_t *e, md_yaml_event *out) {
    switch (e->type) {
        case YAML_SCALAR_EVENT:
            out->kind = MD_YAML_SCALAR;
            out->is_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
            out->has_anchor = e->data.scalar.anchor != NULL;
            out->has_tag = e->data.scalar.tag != NULL;
            take_text(out, e->data.scalar.value, e->data.scalar.length);
            break;
        case YAML_MAPPING_START_EVENT:
            out->kind = MD_YAML_MAP;
            out->has_anchor = e->data.mapping_start.anchor != NULL;
            out->has_tag = e->data.mapping_start.tag != NULL;
            break;
        case YAML_SEQUENCE_START_EVENT:
            out->kind = MD_YAML_LIST;
            out->has_anchor = e->data.sequence_start.anchor != NULL;
            out->has_tag = e->data.sequence_start.tag != NULL;
            break;
        case YAML_MAPPING_END_EVENT: out->kind = MD_YAML_MAP_END; break;
        case YAML_SEQUENCE_END_EVENT: out->kind = MD_YAML_LIST_END; break;
        case YAML_DOCUMENT_START_EVENT: out->kind = MD_YAML_DOCUMENT; break;
        case YAML_DOCUMENT_END_EVENT: out->kind = MD_YAML_DOCUMENT_END; break;
        case YAML_ALIAS_EVENT: out->kind = MD_YAML_ALIAS; break;
        default: out->kind = MD_YAML_END; break;
    }
}

void md_yaml_next(md_yaml *y, md_yaml_event *out) {
    memset(out, 0, sizeof *out);
    do {
        yaml_event_delete(&y->event);
        if (!yaml_parser_parse(&y->parser, &y->event)) {
            const char *problem = y->parser.problem ? y->parser.problem : "unreadable";
            out->line = (int)y->parser.problem_mark.line + 1;
            take_text(out, (const uint8_t *)problem, strlen(problem));
            return;
        }
    } while (y->event.type == YAML_STREAM_START_EVENT);
    out->line = (int)y->event.start_mark.line + 1;
    describe(&y->event, out);
}

void md_yaml_close(md_yaml *y) {
    yaml_event_delete(&y->event);
    yaml_parser_delete(&y->parser);
    free(y);
}
