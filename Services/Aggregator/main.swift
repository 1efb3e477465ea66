// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

exit(AggregatorCommand.run(Array(CommandLine.arguments.dropFirst())))
