# SPDX-License-Identifier: GPL-2.0
# Reads Debian's Packages files and prints the kernels that can be built (lines as in suite.sh).

function finish() {
    if (package !~ /^linux-(image|headers|source|kbuild|binary|modules|base)-/) return
    has[package, version] = 1
    if (package ~ /^linux-kbuild-/) has[package] = 1
    depends[package, version] = needs
    if (package ~ /^linux-image-[0-9].*amd64$/ && package !~ /-rt-amd64$/) images[package SUBSEP version] = 1
    if (package == "linux-image-amd64") defaults[needs] = version
}

# Is true where a version of linux-image-amd64 depends on just this image.
function is_default(release, version,    needs) {
    for (needs in defaults)
        if (index(needs ",", "linux-image-" release " (= " version ")")) return 1
    return 0
}

# Is true where all packages into which the kernel itself is split exist in just this version.
function is_whole(image, version, release,    words, n, i) {
    n = split(depends[image, version], words, /, */)
    for (i = 1; i <= n; i++)
        if (words[i] ~ "^linux-[a-z]+-" && index(words[i], release) && index(words[i], "(= ")) {
            sub(/ .*/, "", words[i])
            if (!((words[i], version) in has)) return 0
        }
    return 1
}

# Returns the name of the first dependency that matches; "" where none does.
function dependency(package, version, form,    words, n, i) {
    n = split(depends[package, version], words, /[,|] */)
    for (i = 1; i <= n; i++)
        if (words[i] ~ form) { sub(/ .*/, "", words[i]); return words[i] }
    return ""
}

function check(image, version,    release, series, headers, common, kbuild, compiler) {
    release = substr(image, length("linux-image-") + 1)
    if (!match(release, /^[0-9]+\.[0-9]+/)) return
    series = substr(release, 1, RLENGTH)
    headers = "linux-headers-" release
    if (!((headers, version) in has)) return
    common = dependency(headers, version, "^linux-headers-.*-common")
    kbuild = dependency(headers, version, "^linux-kbuild-")
    compiler = dependency(headers, version, "gcc-[0-9]+")
    if (!match(compiler, /gcc-[0-9]+/)) return
    compiler = substr(compiler, RSTART, RLENGTH)
    if (!((common, version) in has) || !(kbuild in has)) return
    if (!(("linux-source-" series, version) in has) || !is_whole(image, version, release)) return
    print release, version, suite, compiler, is_default(release, version) ? "default" : "-"
}

/^Package: / { package = $2 }
/^Version: / { version = $2 }
/^Depends: / { needs = substr($0, 10) }
/^$/ { finish(); package = version = needs = "" }
END {
    finish()
    for (key in images) { split(key, part, SUBSEP); check(part[1], part[2]) }
}
