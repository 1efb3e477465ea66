// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_COPENSSL_H
#define MARKETBUS_COPENSSL_H

#include <openssl/ssl.h>
#include <openssl/evp.h>
#include <openssl/err.h>

#endif
