#!/bin/sh
# Makes the file that `aclfile` in redis.conf names, out of the users.acl beside this script:
#
#     sh users.sh [-p PREFIX] [-d DATABASE] [-o] DIRECTORY
#
# writes DIRECTORY/users.acl, and for each user DIRECTORY/<user>.password. A password that is there is kept: to change
# one delete its file, run this again, and say ACL LOAD as admin. Give the server the first file, and each program its
# one password: REDEEM_BROKER_URL=redis://<user>:<password>@<host>:6379/0.
#   -p PREFIX    where REDEEM_KEY_PREFIX is not redeem
#   -d DATABASE  where the URL does not end with /0
#   -o           for Redis 7.0, which has no CLIENT SETINFO and so cannot allow it
set -eu
umask 077

usage() {
    echo 'usage: users.sh [-p PREFIX] [-d DATABASE] [-o] DIRECTORY' >&2
    exit 2
}

prefix=redeem database=0 left_out='^$'
while getopts p:d:o option; do
    case $option in
        p) prefix=$OPTARG ;;
        d) database=$OPTARG ;;
        o) left_out='+client|setinfo ' ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
if [ $# -ne 1 ] || [ ! -d "$1" ]; then usage; fi
case $prefix in '' | *[!A-Za-z0-9_.-]*) usage ;; esac
case $database in '' | *[!0-9]*) usage ;; esac
if [ "$database" = 0 ]; then select=''; else select='+select '; fi
directory=$1
template=$(dirname -- "$0")/users.acl

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

# An ACL file knows neither comments nor rules over several lines.
in_lines() {
    sed '/^[[:space:]]*#/d' "$template" | tr -s '[:space:]' ' ' | awk '{ gsub(/ user /, "\nuser "); print }' |
        sed -e 's/^ *//' -e 's/ *$//' -e '/^$/d'
}

in_lines | while IFS= read -r line; do
    case $line in
        *@PASSWORD@*)
            user=${line#user }
            user=${user%% *}
            file=$directory/$user.password
            [ -s "$file" ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$file"
            hash=$(tr -d '\n' <"$file" | sha256)
            printf '%s\n' "$line" | sed -e "s/@PASSWORD@/#$hash/" -e "s/~redeem:/~$prefix:/g" \
                -e "s|&/0\\.|\\&/$database.|g" -e "s/ +ping / ${select}+ping /" -e "s/$left_out//"
            ;;
        *) printf '%s\n' "$line" ;;
    esac
done >"$directory/users.acl.new"
mv "$directory/users.acl.new" "$directory/users.acl"
