#!/bin/sh
# Part of MarketBus. Apache License 2.0, see LICENSE.
#
# Makes the room, the feed and the tests of a new venue from deploy/templates/venue. What it makes builds at once; its
# tests fail, each with what is to be filled in.
#
#     deploy/scripts/new-venue.sh Kraken
set -eu

fail() {
    echo "new-venue: $1" >&2
    exit 64
}

[ $# -eq 1 ] || fail "usage: deploy/scripts/new-venue.sh NAME, as in Kraken"
NAME=$1
case $NAME in
    *[!A-Za-z0-9]* | [!A-Z]* | "") fail "\"$NAME\" is no name of a Swift module: capital first, letters and digits" ;;
esac
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
cd "$ROOT"
name=$(printf '%s' "$NAME" | tr '[:upper:]' '[:lower:]')
list=Services/MarketBus/VenueList.swift

grep -q '^let venues = \[' Package.swift || fail "Package.swift: the line \"let venues = [\" is missing"
grep -q "^let venues = \[.*\"$NAME\"" Package.swift && fail "$NAME is in Package.swift already"
for folder in "Shared/Venues/$NAME" "Services/${NAME}Feed" "Tests/Venues/${NAME}Tests"; do
    [ ! -e "$folder" ] || fail "$folder is there already"
done
# A module of that name, whatever it is, would be confused with this one.
for place in Shared/*/"$NAME" Services/"$NAME" Tests/*/"$NAME"; do
    [ ! -e "$place" ] || fail "$place has that name already"
done

port=$(sed -n 's/.*port: \([0-9]*\)).*/\1/p' "$list" | sort -n | tail -n 1)
port=$((port + 1))
[ "$port" -ne 9110 ] || port=9111

fill() {
    mkdir -p "$2"
    for file in "deploy/templates/venue/$1"/*.swift; do
        sed "s/__NAME__/$NAME/g; s/__name__/$name/g; s/__PORT__/$port/g" "$file" >"$2/$(basename "$file")"
    done
}
fill Venue "Shared/Venues/$NAME"
fill Feed "Services/${NAME}Feed"
fill Tests "Tests/Venues/${NAME}Tests"

# One word in the manifest, one line and one import in the command.
sed -i "/^let venues = \[/s/\]\$/, \"$NAME\"]/" Package.swift
sed -i "s/^        Entry(venue: .*port: $((port - 1))),\$/&\n        Entry(venue: ${NAME}Venue(), port: $port),/" "$list"
grep -q "${NAME}Venue()" "$list" ||
    sed -i "/^    static let all = \[/,/^    \]/s/^    \]\$/        Entry(venue: ${NAME}Venue(), port: $port),\n    ]/" "$list"
awk -v name="$NAME" '
    /^import / && !done && tolower($2) > tolower(name) { print "import " name; done = 1 }
    { print }
' "$list" >"$list.new"
grep -q "^import $NAME\$" "$list.new" || sed -i "s/^import VenueKit\$/import $NAME\n&/" "$list.new"
mv "$list.new" "$list"
# The imports of the made files in their order.
if command -v swift >/dev/null; then
    swift format -i --configuration .swift-format "Services/${NAME}Feed/main.swift" "$list" \
        "Shared/Venues/$NAME"/*.swift "Tests/Venues/${NAME}Tests"/*.swift
fi

cat <<TEXT
$NAME is made: Shared/Venues/$NAME, Services/${NAME}Feed (port $port), Tests/Venues/${NAME}Tests.
It builds:           swift build --product $name-feed
What is to be done:  swift test --filter ${NAME}Tests
TEXT
