%% The names benchmark in Erlang with global: what bench/names/pair.ts does on two nodes, bench/names/crowd.ts on five.
-module(names).
-export([main/1, count/0, found/1, side/1, hold/1, holder/0]).

-define(PAIRS, 1000).
-define(LOOKS, 5000000).
-define(SIDE, 10000).
-define(CONFLICTS, 100).
-define(AT_ONCE, 1000).

main(Others) ->
    Nodes = [list_to_atom(N) || N <- Others],
    [connect(N, 400) || N <- Nodes],
    ok = global:sync(),
    case Nodes of
        [Other] -> pair(Other);
        _ -> crowd()
    end,
    print("end", 0),
    halt().

pair(Other) ->
    [print("names.register", register_in_turn()) || _ <- [1, 2, 3]],
    hold(range("look ", 0, 16)),
    [print("names.whereis", whereis_all()) || _ <- [1, 2, 3]],
    print("names.heal_ms", heal(Other)).

crowd() ->
    [print("names.register_concurrent", register_at_once(R)) || R <- [1, 2, 3]].

print(Name, Value) -> io:format("{\"measured\":\"~s\",\"value\":~p}~n", [Name, float(Value)]).

connect(_, 0) -> halt(1);
connect(Node, N) ->
    case net_kernel:connect_node(Node) of
        true -> ok;
        _ -> receive after 25 -> connect(Node, N - 1) end
    end.

until(Fun) ->
    case Fun() of
        true -> ok;
        false -> receive after 1 -> until(Fun) end
    end.

now_us() -> erlang:monotonic_time(microsecond).

range(Prefix, From, To) -> [Prefix ++ integer_to_list(I) || I <- lists:seq(From, To - 1)].

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
    [yes = gen_server:call(global_name_server, {register, Name, spawn(?MODULE, holder, []), Resolve}, infinity)
        || Name <- Names].

count() -> length(global:registered_names()).

found(Names) -> [global:whereis_name(Name) || Name <- Names].

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

side(Node) ->
    spawn(fun() ->
        monitor_node(Node, true),
        receive {nodedown, Node} -> ok end,
        hold_in_turn(range("both ", 0, ?CONFLICTS) ++
            range(atom_to_list(node()) ++ " ", ?CONFLICTS, ?SIDE)),
        receive never -> ok end
    end).

heal(Other) ->
    rpc:call(Other, ?MODULE, side, [node()]),
    side(Other),
    Before = count(),
    erlang:disconnect_node(Other),
    Both = range("both ", 0, ?CONFLICTS),
    Parted = now_us(),
    until(fun() -> count() >= Before + ?SIDE end),
    %% The other side is as fast, more or less: half as long again is enough for it.
    timer:sleep((now_us() - Parted) div 2000 + 1000),
    Wanted = Before + 2 * ?SIDE - ?CONFLICTS,
    Start = now_us(),
    true = net_kernel:connect_node(Other),
    until(fun() ->
        count() =:= Wanted andalso rpc:call(Other, ?MODULE, count, []) =:= Wanted
            andalso rpc:call(Other, ?MODULE, found, [Both]) =:= found(Both)
    end),
    (now_us() - Start) / 1000.

register_at_once(Round) ->
    Names = range("once " ++ integer_to_list(Round) ++ " ", 0, ?AT_ONCE),
    Start = now_us(),
    Pids = hold(Names),
    Rate = ?AT_ONCE * 1000000 / (now_us() - Start),
    [exit(Pid, kill) || Pid <- Pids],
    until(fun() -> count() =:= 0 end),
    Rate.
