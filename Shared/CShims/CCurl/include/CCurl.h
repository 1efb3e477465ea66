// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CCURL_H
#define MARKETBUS_CCURL_H

#include <curl/curl.h>

#endif
