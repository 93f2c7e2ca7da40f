# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Opens a kernel tree of the user's, and lab's own store for it: CACHE/trees/NAME-DIGEST. build-kit
# and tree-commits source this file; it is not run.
# shellcheck source=suite.sh
. "$(dirname "${BASH_SOURCE[0]}")/suite.sh"

need_tools "git git" "flock util-linux" "sha256sum coreutils"

# Runs git on TREE's repository, whoever owns it, as whoever names a tree trusts it. It runs none of
# the programs that the repository's configuration names, and writes only to lab's own store.
repository_git() {
    GIT_OBJECT_DIRECTORY=$store/objects GIT_ALTERNATE_OBJECT_DIRECTORIES=$objects \
        GIT_OPTIONAL_LOCKS=0 git -c safe.directory='*' -c core.fsmonitor=false \
        -c core.hooksPath=/dev/null -c core.compression=0 -c gc.auto=0 --git-dir="$git_dir" "$@"
}

# Sets tree, commit and store. A name with '@' is TREE@COMMIT unless it is a folder.
open_tree() {
    name=$1
    tree=$name commit=
    if [ ! -d "$name" ] && [[ $name == *@* ]]; then
        tree=${name%@*} commit=${name##*@}
        [ -n "$commit" ] || refuse "'$name' names no commit behind its @"
    fi
    [ -d "$tree" ] || refuse "there is no folder '$tree'"
    tree=$(realpath "$tree")
    store=$(realpath -m "$2")/trees/$(basename "$tree")-$(sha256sum <<<"$tree" | cut -c 1-12)
    mkdir -p "$store/objects"
    exec {lock}>"$store/lock"
    flock "$lock"
    open_repository
}

# Finds the tree's repository; a folder that is not the top of one gets one of lab's own.
open_repository() {
    local top
    top=$(git -c safe.directory='*' -C "$tree" rev-parse --show-toplevel 2>/dev/null) || top=
    own_repository=
    if [ -n "$top" ] && [ "$(realpath "$top")" = "$tree" ]; then
        git_dir=$(git -c safe.directory='*' -C "$tree" rev-parse --absolute-git-dir)
        objects=$(cd "$tree" && realpath "$(git -c safe.directory='*' rev-parse --git-path objects)")
        return
    fi
    [ -z "$commit" ] || refuse "'$tree' is no git repository: it has no commit '$commit'"
    own_repository=yes git_dir=$store/git objects=$store/git/objects
    [ -d "$git_dir" ] || git init -q --bare "$git_dir"
}

# Prints the tree object of the commit (which may itself be a tree object), or of the files as they
# are.
tree_object() {
    if [ -n "$commit" ]; then
        repository_git rev-parse --verify --quiet "$commit^{tree}" || no_commit "$commit"
        return
    fi
    local index=$store/index.files
    [ -n "$own_repository" ] || cp "$(repository_git rev-parse --git-path index)" "$index" 2>/dev/null || true
    # What make leaves in a tree is no source. A release's own .gitignore may exclude everything.
    if [ -n "$own_repository" ]; then
        GIT_INDEX_FILE=$index repository_git --work-tree="$tree" add --all --force -- "$tree" \
            ":(exclude,top)*.o" ":(exclude,top)*.ko" ":(exclude,top)*.cmd" ":(exclude,top)*.mod" \
            ":(exclude,top).config" ":(exclude,top).git" ":(exclude,top)vmlinux*"
    else
        (cd "$tree" && GIT_INDEX_FILE=$index repository_git --work-tree="$tree" add --all)
    fi 2>"$store/add.log" || { tail -n 3 "$store/add.log" >&2; fail "cannot read the files of '$tree'"; }
    GIT_INDEX_FILE=$index repository_git write-tree
}

no_commit() {
    [ "$(repository_git rev-parse --is-shallow-repository)" = false ] || {
        hint "git -C $tree fetch --unshallow"
        refuse "'$tree' has no commit '$1': it is a shallow clone"
    }
    hint "git -C $tree log --oneline"
    refuse "'$tree' has no commit '$1'"
}
