// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CRDKAFKA_H
#define MARKETBUS_CRDKAFKA_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/// A record for `md_kafka_produce`; everything is borrowed for the call and copied by librdkafka.
typedef struct {
    const void *_Nullable key;
    size_t key_size;
    const void *_Nullable value;
    size_t value_size;
    const char *_Nonnull schema;
    size_t schema_size;
    const void *_Nullable venue;
    size_t venue_size;
    int64_t timestamp_ms;
    void *_Nullable opaque;
} md_kafka_record;

/// `rd_kafka_producev` (variadic, so that Swift cannot call it) for one record with the house's headers.
rd_kafka_resp_err_t md_kafka_produce(rd_kafka_t *_Nonnull client, rd_kafka_topic_t *_Nonnull topic,
                                     const md_kafka_record *_Nonnull record);

/// The same for any headers: ownership of `headers` is taken when the call succeeds.
rd_kafka_resp_err_t md_kafka_produce_raw(rd_kafka_t *_Nonnull client, rd_kafka_topic_t *_Nonnull topic,
                                         const md_kafka_record *_Nonnull record,
                                         rd_kafka_headers_t *_Nullable headers);

#endif
