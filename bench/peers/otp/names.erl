%% The names benchmark in Erlang with global: what bench/names/pair.ts, heal.ts and crowd.ts do.
-module(names).
-export([main/1, seen/2, side/2, holder/0, drop/0, held_at/0]).

-define(WARM_UP, 2).
-define(ROUNDS, 5).
-define(PAIRS, 1000).
-define(LOOKS, 5000000).
-define(SIDE, 10000).
-define(CONFLICTS, 100).
-define(AT_ONCE, 1000).

main([Part | Others]) ->
    Nodes = [list_to_atom(N) || N <- Others],
    [connect(N, 400) || N <- Nodes],
    ok = global:sync(),
    case Part of
        "pair" -> pair();
        "heal" -> heal(hd(Nodes));
        "crowd" -> crowd()
    end,
    print("end", 0),
    halt().

pair() ->
    measure("names.register", fun(_) -> register_in_turn() end),
    hold(range("look ", 0, 16)),
    [print("names.whereis", whereis_all()) || _ <- lists:seq(1, 5)].

heal(Other) ->
    [begin
        print("names.heal_ms", heal(Other, R)),
        [rpc:call(N, ?MODULE, drop, []) || N <- [node(), Other]],
        until(fun() -> is_free(both(R) ++ of_side(R, node()) ++ of_side(R, Other)) end)
    end || R <- [0, 1, 2]].

crowd() ->
    measure("names.register_concurrent", fun register_at_once/1).

%% Few rounds that are not measured: this code is compiled when it is loaded.
measure(Name, Fun) ->
    [Fun(R) || R <- lists:seq(-?WARM_UP, -1)],
    [print(Name, Fun(R)) || R <- lists:seq(0, ?ROUNDS - 1)].

print(Name, Value) -> io:format("{\"measured\":\"~s\",\"value\":~p}~n", [Name, float(Value)]).

connect(_, 0) -> halt(1);
connect(Node, N) ->
    case net_kernel:connect_node(Node) of
        true -> ok;
        _ -> receive after 25 -> connect(Node, N - 1) end
    end.

%% Looks as often as it can without being in the way of what it waits for.
until(Fun) ->
    case Fun() of
        true -> ok;
        false -> receive after 2 -> until(Fun) end
    end.

now_us() -> erlang:monotonic_time(microsecond).

range(Prefix, From, To) -> [Prefix ++ integer_to_list(I) || I <- lists:seq(From, To - 1)].

is_free(Names) -> lists:all(fun(Name) -> global:whereis_name(Name) =:= undefined end, Names).

holder() -> receive stop -> ok end.

%% Registers the names, each for a process of its own, from a process of its own each.
hold(Names) ->
    Self = self(),
    Pids = [spawn(fun() ->
        yes = global:register_name(Name, self()),
        Self ! {held, self()},
        holder()
    end) || Name <- Names],
    [receive {held, Pid} -> ok end || Pid <- Pids],
    Pids.

%% What register_name does when it has its lock, which alone on a node takes most of the time: this is not measured.
hold_in_turn(Names) ->
    Resolve = fun global:random_exit_name/3,
    [begin
        Pid = spawn(?MODULE, holder, []),
        yes = gen_server:call(global_name_server, {register, Name, Pid, Resolve}, infinity),
        Pid
    end || Name <- Names].

register_in_turn() ->
    Start = now_us(),
    turns(?PAIRS),
    ?PAIRS * 1000000 / (now_us() - Start).

turns(0) -> ok;
turns(N) ->
    yes = global:register_name("turn", self()),
    global:unregister_name("turn"),
    turns(N - 1).

whereis_all() ->
    Names = list_to_tuple(range("look ", 0, 16)),
    Start = now_us(),
    looks(Names, ?LOOKS),
    ?LOOKS * 1000000 / (now_us() - Start).

looks(_, 0) -> ok;
looks(Names, N) ->
    Pid = global:whereis_name(element((N band 15) + 1, Names)),
    true = is_pid(Pid),
    looks(Names, N - 1).

register_at_once(Round) ->
    Names = range("once " ++ integer_to_list(Round) ++ " ", 0, ?AT_ONCE),
    Start = now_us(),
    Pids = hold(Names),
    Rate = ?AT_ONCE * 1000000 / (now_us() - Start),
    [exit(Pid, kill) || Pid <- Pids],
    until(fun() -> is_free(Names) end),
    Rate.

both(Round) -> range(integer_to_list(Round) ++ " both ", 0, ?CONFLICTS).

of_side(Round, Node) ->
    range(integer_to_list(Round) ++ " " ++ atom_to_list(Node) ++ " ", ?CONFLICTS, ?SIDE).

%% Registers a side's names when the other node is gone; the first hundred are those of the other too.
side(Round, Node) ->
    persistent_term:put(held_at, 0),
    spawn(fun() ->
        monitor_node(Node, true),
        receive {nodedown, Node} -> ok end,
        persistent_term:put(held, hold_in_turn(both(Round) ++ of_side(Round, node()))),
        persistent_term:put(held_at, os:system_time(microsecond)),
        receive never -> ok end
    end).

held_at() -> persistent_term:get(held_at).

drop() -> [exit(Pid, kill) || Pid <- persistent_term:get(held)], ok.

%% Who this node finds under the names of both sides, if it finds anybody under each name of either.
seen(Round, Other) ->
    Sides = of_side(Round, node()) ++ of_side(Round, Other),
    case lists:all(fun(Name) -> is_pid(global:whereis_name(Name)) end, Sides) of
        false -> missing;
        true -> [global:whereis_name(Name) || Name <- both(Round)]
    end.

heal(Other, Round) ->
    rpc:call(Other, ?MODULE, side, [Round, node()]),
    side(Round, Other),
    Parted = now_us(),
    erlang:disconnect_node(Other),
    until(fun() -> held_at() > 0 end),
    %% The other side is as fast, more or less: half as long again is enough for it.
    timer:sleep((now_us() - Parted) div 2000 + 1000),
    Connected = os:system_time(microsecond),
    Start = now_us(),
    true = net_kernel:connect_node(Other),
    until(fun() ->
        Here = seen(Round, Other),
        Here =/= missing andalso Here =:= rpc:call(Other, ?MODULE, seen, [Round, node()])
    end),
    Time = now_us() - Start,
    HeldAt = rpc:call(Other, ?MODULE, held_at, []),
    true = HeldAt > 0 andalso HeldAt < Connected,
    Time / 1000.
