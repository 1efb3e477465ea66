// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

exit(OperatorCommand.run(Array(CommandLine.arguments.dropFirst())))
