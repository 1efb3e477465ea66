// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CYAML_H
#define MARKETBUS_CYAML_H

#include <yaml.h>

#endif
