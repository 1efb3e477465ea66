// Part of MarketBus. Apache License 2.0, see LICENSE.

#include "CRdKafka.h"

rd_kafka_resp_err_t md_kafka_produce_raw(rd_kafka_t *client, rd_kafka_topic_t *topic,
                                         const md_kafka_record *record, rd_kafka_headers_t *headers) {
    // `producev` and not `produceva`: a full queue must not cost an allocated error object a record.
    if (headers != NULL) {
        return rd_kafka_producev(
            client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY((void *)record->key, record->key_size),
            RD_KAFKA_V_VALUE((void *)record->value, record->value_size),
            RD_KAFKA_V_TIMESTAMP(record->timestamp_ms), RD_KAFKA_V_OPAQUE(record->opaque),
            RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    }
    return rd_kafka_producev(
        client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY((void *)record->key, record->key_size),
        RD_KAFKA_V_VALUE((void *)record->value, record->value_size), RD_KAFKA_V_TIMESTAMP(record->timestamp_ms),
        RD_KAFKA_V_OPAQUE(record->opaque), RD_KAFKA_V_END);
}

rd_kafka_resp_err_t md_kafka_produce(rd_kafka_t *client, rd_kafka_topic_t *topic, const md_kafka_record *record) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(3);
    rd_kafka_header_add(headers, "schema", 6, record->schema, (ssize_t)record->schema_size);
    if (record->venue_size > 0) {
        rd_kafka_header_add(headers, "venue", 5, record->venue, (ssize_t)record->venue_size);
    }
    rd_kafka_header_add(headers, "content-type", 12, "application/json", 16);
    rd_kafka_resp_err_t error = md_kafka_produce_raw(client, topic, record, headers);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) { rd_kafka_headers_destroy(headers); }
    return error;
}
